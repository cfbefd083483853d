import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { startProcess } from "../../../scripts/start/service-process.ts";
import { family, familyIn, isRunning, until } from "./processes.ts";

const folder = mkdtempSync(join(tmpdir(), "the-eye-process-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const node = (script: string) => startProcess([process.execPath, "-e", script], process.env);

describe.skipIf(process.platform === "win32")("a service process", () => {
  test("ends with the exit code of its command", async () => {
    expect(await node("process.exit(7)").ended).toBe(7);
    expect(await startProcess(["/no/such/program"], process.env).ended).toBe(1);
  });

  test("is asked to exit, and may finish its work before it does", async () => {
    const file = join(folder, "asked");
    const polite = `process.on("SIGTERM", () => setTimeout(() => process.exit(0), 100));`;
    const service = startProcess(family(file, polite), process.env);
    await familyIn(file);
    service.stop();
    service.stop();
    expect(await service.ended).toBe(0);
  });

  test("takes all of its processes with it, even those that ignore signals", async () => {
    const file = join(folder, "all");
    const service = startProcess(family(file), process.env);
    const pids = await familyIn(file);
    expect(pids.map(isRunning)).toEqual([true, true]);
    service.stop();
    await service.ended;
    await until(() => !pids.some(isRunning));
  });

  test("leaves no process behind when its command is killed", async () => {
    const file = join(folder, "killed");
    const service = startProcess(family(file), process.env);
    const [command = 0, child = 0] = await familyIn(file);
    process.kill(command, "SIGKILL");
    expect(await service.ended).toBe(1);
    await until(() => !isRunning(child));
  });
});
