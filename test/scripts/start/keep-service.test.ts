import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { family, familyIn, isRunning, until } from "./processes.ts";

const folder = mkdtempSync(join(tmpdir(), "the-eye-keeper-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const STARTER = join(import.meta.dirname, "..", "..", "..", "scripts", "start", "service-process.ts");

/** Starts a family from a process of its own, as `npm start` does. */
function startedBy(file: string) {
  const script = `
    const { startProcess } = await import(${JSON.stringify(STARTER)});
    startProcess(${JSON.stringify(family(file))}, process.env);`;
  return spawn(process.execPath, ["--no-warnings", "--input-type=module", "-e", script], { stdio: "ignore" });
}

describe.skipIf(process.platform === "win32")("the keeper of a service", () => {
  test("ends the service with all of its processes if `npm start` is killed", async () => {
    const file = join(folder, "killed");
    const starter = startedBy(file);
    const pids = await familyIn(file);
    expect(pids.map(isRunning)).toEqual([true, true]);
    starter.kill("SIGKILL");
    await once(starter, "exit");
    await until(() => !pids.some(isRunning));
  });
});
