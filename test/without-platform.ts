import { existsSync, globSync, readFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";

const ROOT = join(import.meta.dirname, "..");

/** Tests that run elsewhere: of scripts and the whole system. */
const OTHER_PROJECTS = /^test\/(?:scripts|node|system)\//;

const IMPORT = /^(?:import|export)\s+(?!type\s)(?:[^;"']*?\s+from\s+)?["']([^"']+)["']/gm;

/**
 * The test files that import nothing of the platform (`cloudflare:…`), neither themselves nor through what they import.
 * They run in Node, where a file starts ten times faster than in workerd.
 *
 * @returns paths from the root of the project
 */
export function testsWithoutPlatform(): string[] {
  const known = new Map<string, boolean>();
  return globSync("test/**/*.test.ts", { cwd: ROOT })
    .filter((file) => !OTHER_PROJECTS.test(file) && !needsPlatform(join(ROOT, file), known))
    .sort();
}

function needsPlatform(file: string, known: Map<string, boolean>): boolean {
  const before = known.get(file);
  if (before !== undefined) return before;
  // Until it is known, so that a circle of imports ends.
  known.set(file, false);
  const imports = [...readFileSync(file, "utf8").matchAll(IMPORT)].map(([, name = ""]) => name);
  const needs = imports.some((name) =>
    name.startsWith(".") ? needsFile(join(dirname(file), name), known) : name.startsWith("cloudflare:"),
  );
  known.set(file, needs);
  return needs;
}

function needsFile(path: string, known: Map<string, boolean>): boolean {
  const file = [path, `${path}.ts`].find((one) => one.endsWith(".ts") && existsSync(one));
  if (file === undefined && !path.endsWith(".json")) throw new Error(`${relative(ROOT, path)} cannot be found.`);
  return file !== undefined && needsPlatform(file, known);
}
