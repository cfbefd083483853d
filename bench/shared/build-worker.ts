import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { QUIET, run, WRANGLER } from "../../scripts/shared/wrangler.ts";
import { ROOT } from "./wrangler-settings.ts";

export interface BuiltWorker {
  /** The folder of the bundle, and its main module. */
  folder: string;
  script: string;
  remove(): void;
}

/**
 * Bundles a Worker like `wrangler deploy`, without deploying it.
 *
 * @param entry the main module, relative to the project's folder; default: that of wrangler.toml
 */
export async function buildWorker(entry?: string): Promise<BuiltWorker> {
  const folder = mkdtempSync(join(tmpdir(), "the-eye-bench-"));
  const remove = () => rmSync(folder, { recursive: true, force: true });
  const command = [...WRANGLER, "deploy", ...(entry === undefined ? [] : [join(ROOT, entry)])];
  const built = await run([...command, "--config", join(ROOT, "wrangler.toml"), "--dry-run", "--outdir", folder], {
    ...process.env,
    ...QUIET,
  });
  if (built.code !== 0) {
    remove();
    throw new Error(`the Worker cannot be built:\n${built.output}`);
  }
  const name = (entry ?? "src/index.ts").replace(/^.*\//, "").replace(/\.ts$/, ".js");
  return { folder, script: join(folder, name), remove };
}
