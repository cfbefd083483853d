import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";

const ROOT = join(import.meta.dirname, "..", "..");

/** Runs the script in a shell, as wrangler's build does. */
async function copyAssets(env: Record<string, string>): Promise<{ code: unknown; signal: unknown; output: string }> {
  const { WRANGLER_COMMAND: _, THE_EYE_START: __, ...rest } = process.env;
  const script = `"${process.execPath}" --no-warnings scripts/copy-assets.ts; echo "the build continues"`;
  const child = spawn("sh", ["-c", script], { cwd: ROOT, env: { ...rest, ...env } });
  let output = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding("utf8").on("data", (text: string) => {
      output += text;
    });
  }
  const [code, signal] = await once(child, "close");
  return { code, signal, output };
}

describe.skipIf(process.platform === "win32")("copying the assets", () => {
  test("makes Swagger UI and the client's script part of the Worker", async () => {
    const startedAt = Date.now();
    const { code, output } = await copyAssets({ WRANGLER_COMMAND: "deploy" });
    expect([code, output]).toEqual([0, "the build continues\n"]);
    const at = (file: string) => join(ROOT, "public", file);
    expect(readFileSync(at("swagger-ui/swagger-ui-bundle.js"), "utf8")).toContain("SwaggerUIBundle");
    expect(readFileSync(at("swagger-ui/swagger-ui.css"), "utf8")).toContain(".swagger-ui");
    expect(readFileSync(at("eye.js"), "utf8")).toContain("data-capture".slice("data-".length));
    expect(statSync(at("eye.js")).mtimeMs).toBeGreaterThanOrEqual(startedAt - 1_000);
  });

  test("ends the build of `wrangler dev`, and says what to run instead", async () => {
    const { signal, output } = await copyAssets({ WRANGLER_COMMAND: "dev" });
    expect(signal).toBe("SIGTERM");
    expect(output).toMatch(/^Run `npm start` instead of `wrangler dev`: [^\n]*\n$/);
    const started = await copyAssets({ WRANGLER_COMMAND: "dev", THE_EYE_START: "1" });
    expect(started.output).toBe("the build continues\n");
  });
});
