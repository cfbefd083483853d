import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import * as v from "valibot";

/**
 * Records what has been set up in a state folder, and is stored beside it. Checking with wrangler takes a second or more.
 * With this record a second start skips that, and touches neither tables nor keys.
 */
const SetupSchema = v.object({
  v: v.literal(1),
  /** File names of the migrations applied, by binding. */
  migrations: v.record(v.string(), v.array(v.string())),
  /** Whether the registry has the local keys. Older versions record `keys`, which they kept only in KV. */
  registry: v.optional(v.boolean(), false),
});

export type Setup = v.InferOutput<typeof SetupSchema>;

const NOTHING: Setup = { v: 1, migrations: {}, registry: false };

const FILE = "the-eye-setup.json";

/** @returns what is set up; empty if the record is missing or not readable. */
export function readSetup(folder: string): Setup {
  try {
    const parsed = v.safeParse(SetupSchema, JSON.parse(readFileSync(join(folder, FILE), "utf8")));
    return parsed.success ? parsed.output : NOTHING;
  } catch {
    return NOTHING;
  }
}

export function writeSetup(folder: string, setup: Setup): void {
  writeFileSync(join(folder, FILE), `${JSON.stringify(setup, null, 2)}\n`);
}

export function migrationFiles(folder: string): string[] {
  return readdirSync(folder)
    .filter((file) => file.endsWith(".sql"))
    .sort();
}

/** The bindings whose databases lack a migration. */
export function databasesToMigrate(setup: Setup, bindings: readonly string[], files: readonly string[]): string[] {
  return bindings.filter((binding) => files.some((file) => !setup.migrations[binding]?.includes(file)));
}

/**
 * Migrations that were applied to the state and that this version does not have. They mean that an older version created the
 * state.
 */
export function unknownMigrations(setup: Setup, files: readonly string[]): string[] {
  return [...new Set(Object.values(setup.migrations).flat())].filter((file) => !files.includes(file));
}

/**
 * Removes the files that session objects left in the folder: three of some 50 KB for each object. They are empty, because
 * the objects store nothing, but a long trial would fill the disk.
 *
 * @param worker the Worker's name in wrangler.toml
 * @returns the number of removed files
 */
export function removeSessionFiles(folder: string, worker: string): number {
  const objects = join(folder, "v3", "do", `${worker}-Session`);
  if (!existsSync(objects)) return 0;
  const files = readdirSync(objects).length;
  rmSync(objects, { recursive: true });
  return files;
}
