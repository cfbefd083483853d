import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";

const SOURCE = join(import.meta.dirname, "../../src");

/** What each folder of src may import beside itself. */
const MAY_IMPORT: Record<string, string[]> = {
  model: [],
  storage: ["model"],
  rules: ["model"],
  session: ["model", "storage", "rules"],
  pipeline: ["model", "storage", "rules", "session"],
  api: ["model", "storage", "rules", "session"],
  alerting: ["model", "storage"],
};

test.each(Object.entries(MAY_IMPORT))("%s imports nothing but what it may", (folder, allowed) => {
  const found = new Set(sourceFiles(join(SOURCE, folder)).flatMap(foldersImportedBy));
  expect([...found].filter((name) => name !== folder && !allowed.includes(name))).toEqual([]);
});

test("every folder of src has its rule", () => {
  const folders = readdirSync(SOURCE, { withFileTypes: true }).filter((entry) => entry.isDirectory());
  expect(folders.map(({ name }) => name).sort()).toEqual(Object.keys(MAY_IMPORT).sort());
});

function sourceFiles(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".ts"))
    .map((name) => join(folder, name));
}

/** The folders of src from which a file imports: `../storage/rows` is storage. */
function foldersImportedBy(file: string): string[] {
  const paths = [...readFileSync(file, "utf8").matchAll(/from "(?:\.\.\/)+([a-z]+)\//g)];
  return paths.flatMap(([, folder]) => (folder === undefined || !(folder in MAY_IMPORT) ? [] : [folder]));
}
