import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { expect, it } from "vitest";

const ROOT = join(import.meta.dirname, "../../..");

function run(script: string, ...flags: string[]) {
  return spawnSync(process.execPath, ["--no-warnings", script, ...flags], { cwd: ROOT, encoding: "utf8" });
}

it.each([
  ["scripts/fuzz.ts", "npm run fuzz"],
  ["scripts/crash-test.ts", "npm run crash-test"],
  ["scripts/deploy.ts", "npm run deploy"],
  ["scripts/start.ts", "npm start"],
])("%s shows its usage", (script, command) => {
  const help = run(script, "--help");
  expect(help.status).toBe(0);
  expect(help.stdout).toContain(command);
});

it("names an unknown flag and shows the usage, without a stack trace", () => {
  const refused = run("scripts/fuzz.ts", "--minuets", "3");
  expect(refused.status).toBe(2);
  expect(refused.stderr).toContain("--minuets");
  expect(refused.stderr).toContain("npm run fuzz -- [--minutes 1]");
  expect(refused.stderr).not.toContain("    at ");
});
