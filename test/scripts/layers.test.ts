import { spawnSync } from "node:child_process";
import { copyFileSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, expect, test } from "vitest";

const ROOT = join(import.meta.dirname, "../..");
const folder = mkdtempSync(join(tmpdir(), "the-eye-layers-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Files that each import one type; `refused`: the rule that refuses it, if any. */
const PROBES = [
  { file: "src/model/reads-storage.ts", from: "../storage/core/databases", refused: "noRestrictedImports" },
  { file: "src/model/json/reads-storage.ts", from: "../../storage/core/databases", refused: "noRestrictedImports" },
  { file: "src/ingest/reads-storage.ts", from: "../storage/core/databases", refused: "noRestrictedImports" },
  { file: "src/api/events/calls-pipeline.ts", from: "../../pipeline/process-batch", refused: "noRestrictedImports" },
  { file: "src/pipeline/calls-api.ts", from: "../api/app", refused: "noRestrictedImports" },
  { file: "src/storage/reads-index.ts", from: "../index", refused: "noRestrictedImports" },
  { file: "src/rules/one.ts", from: "./other", refused: "noImportCycles" },
  { file: "src/rules/other.ts", from: "./one", refused: "noImportCycles" },
  { file: "src/session/reads-storage.ts", from: "../storage/core/databases", refused: null },
];

test("the linter refuses imports against the layers and import cycles, type imports included", () => {
  copyFileSync(join(ROOT, "biome.json"), join(folder, "biome.json"));
  writeFileSync(join(folder, ".gitignore"), "node_modules\n");
  for (const { file, from } of PROBES) {
    mkdirSync(dirname(join(folder, file)), { recursive: true });
    writeFileSync(join(folder, file), `import type { Probe } from "${from}";\n\nexport type Probed = Probe;\n`);
  }
  const biome = join(ROOT, "node_modules/@biomejs/biome/bin/biome");
  const { stdout, stderr } = spawnSync(process.execPath, [biome, "lint", "--colors=off"], {
    cwd: folder,
    encoding: "utf8",
  });
  const found = (stdout + stderr).matchAll(/^(src\S+?):\d+:\d+ lint\/\w+\/(noRestrictedImports|noImportCycles) /gm);
  const refused = new Map(Array.from(found, ([, file, rule]) => [file, rule]));
  for (const probe of PROBES) expect({ ...probe, refused: refused.get(probe.file) ?? null }).toEqual(probe);
}, 60_000);

test("every folder of src has a rule", () => {
  const folders = readdirSync(join(ROOT, "src"), { withFileTypes: true }).filter((entry) => entry.isDirectory());
  const { overrides }: { overrides: { includes: string[] }[] } = JSON.parse(
    readFileSync(join(ROOT, "biome.json"), "utf8"),
  );
  const ruled = overrides.flatMap(({ includes }) => includes);
  expect(folders.map(({ name }) => `src/${name}/**`).filter((name) => !ruled.includes(name))).toEqual([]);
});
