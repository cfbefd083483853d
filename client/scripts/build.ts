// Builds the package into client/dist: ESM with types, the script for pages without a bundler, and the command line. With
// --check it fails if an entry is larger than its limit.
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { chmodSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { bundle, bundleScript, CLIENT, sizeOf } from "./bundle.ts";

const ENTRIES = {
  index: "./index.ts",
  auto: "./auto/index.ts",
  vitals: "./vitals.ts",
  errors: "./errors.ts",
  react: "./react.ts",
  node: "./node/index.ts",
  "the-eye": "./cli/bin.ts",
};

/** Limits of what a page loads, in bytes after gzip. */
const BOUNDS = [
  { name: "core", entries: ["index"], bytes: 3_000 },
  { name: "with auto", entries: ["index", "auto/index"], bytes: 4_500 },
  { name: "with vitals", entries: ["index", "auto/index", "vitals"], bytes: 8_000 },
  { name: "with errors", entries: ["index", "auto/index", "vitals", "errors"], bytes: 8_500 },
];

const dist = join(CLIENT, "dist");
rmSync(dist, { recursive: true, force: true });
mkdirSync(dist);

const { output } = await bundle(ENTRIES, { format: "esm", chunkFileNames: "chunk-[hash].js" });
for (const file of output) {
  if (file.type === "chunk") writeFileSync(join(dist, file.fileName), file.code);
}
chmodSync(join(dist, "the-eye.js"), 0o755);

const script = await bundleScript();
writeFileSync(join(dist, "eye.js"), script);
console.log(`eye.js integrity: sha384-${createHash("sha384").update(script).digest("base64")}`);

const tsc = join(dirname(createRequire(import.meta.url).resolve("typescript/package.json")), "bin", "tsc");
execFileSync(process.execPath, [tsc, "-p", join(CLIENT, "tsconfig.build.json")], { stdio: "inherit" });

for (const { name, entries, bytes } of BOUNDS) {
  const size = await sizeOf(entries);
  console.log(`${name}: ${size} of ${bytes} bytes after gzip`);
  if (size > bytes && process.argv.includes("--check")) process.exitCode = 1;
}
