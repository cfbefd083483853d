import { expect, test } from "vitest";
import { QUIET, run, WRANGLER } from "../../../scripts/shared/wrangler.ts";

/** Runs a script in Node. */
const node = (script: string, input?: string) => run([process.execPath, "-e", script], process.env, input);

test("returns the exit code, standard output, and both streams in their order", async () => {
  const script = `
    process.stdout.write("one ");
    setTimeout(() => process.stderr.write("two "), 50);
    setTimeout(() => { process.stdout.write("three"); process.exitCode = 3; }, 100);`;
  expect(await node(script)).toEqual({ code: 3, stdout: "one three", output: "one two three" });
});

test("gives the command its input, which it may leave unread", async () => {
  const input = "é".repeat(100_000);
  const echo = await node("process.stdin.pipe(process.stdout)", input);
  expect(echo.stdout === input).toBe(true);
  expect(await node("process.exit(0)", input)).toMatchObject({ code: 0 });
});

test("has a failing code for a command that a signal ends", async () => {
  expect(await node('process.kill(process.pid, "SIGKILL")')).toMatchObject({ code: 1 });
});

test("rejects for a program that does not exist", async () => {
  await expect(run(["/no/such/program"], process.env)).rejects.toThrow("ENOENT");
});

test("runs the project's own wrangler, which then prints nothing else", async () => {
  const { code, output } = await run([...WRANGLER, "--version"], { ...process.env, ...QUIET });
  expect([code, output.trim()]).toEqual([0, expect.stringMatching(/^\d+\.\d+\.\d+$/)]);
});
