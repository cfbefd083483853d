import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { ROOT } from "./wrangler-settings.ts";

/** Writes the results of a benchmark as JSON, Markdown and SVG. */
export function writeResults(name: string, files: { json: unknown; markdown: string; svg: string }): void {
  const folder = join(ROOT, "bench", "results");
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, `${name}.json`), `${JSON.stringify(files.json, null, 2)}\n`);
  writeFileSync(join(folder, `${name}.md`), files.markdown);
  writeFileSync(join(folder, `${name}.svg`), files.svg);
}
