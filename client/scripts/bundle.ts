import { readFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { type OutputOptions, type RolldownOutput, rolldown } from "rolldown";

export const CLIENT = join(import.meta.dirname, "..");

const { version }: { version: string } = JSON.parse(readFileSync(join(CLIENT, "package.json"), "utf8"));

/** Bundles files of src, by output name. React is external: the application has its own. */
export async function bundle(input: Record<string, string>, output: OutputOptions): Promise<RolldownOutput> {
  const build = await rolldown({
    cwd: join(CLIENT, "src"),
    input,
    external: ["react", /^node:/],
    platform: "neutral",
    transform: { define: { VERSION: JSON.stringify(version) } },
    resolve: { mainFields: ["module", "main"] },
  });
  try {
    return await build.generate({ comments: false, ...output });
  } finally {
    await build.close();
  }
}

/** The build for pages without a bundler, as one script. */
export async function bundleScript(): Promise<string> {
  const { output } = await bundle({ eye: "./script.ts" }, { format: "iife", minify: true, codeSplitting: false });
  return `/*! The Eye ${version}, MIT; web-vitals, Apache-2.0 */\n${output[0].code}`;
}

/**
 * Bytes that a page loads for some entries, minified and compressed, including their static imports but not their dynamic
 * ones.
 */
export async function sizeOf(entries: readonly string[]): Promise<number> {
  const { output } = await bundle(Object.fromEntries(entries.map((entry) => [entry, `./${entry}.ts`])), {
    format: "esm",
    minify: true,
  });
  const code = output.map((file) => (file.type === "chunk" && !file.isDynamicEntry ? file.code : "")).join("");
  return gzipSync(code, { level: 9 }).length;
}
