import { spawn } from "node:child_process";
import { once } from "node:events";
import { expect, test } from "vitest";
import { isRunning, processTable } from "../../../scripts/start/process-table.ts";

test.skipIf(process.platform === "win32")("lists a process with its group and its command", async () => {
  const child = spawn(process.execPath, ["-e", "setTimeout(() => {}, 60_000)", "the-eye-test-process"], {
    detached: true,
    stdio: "ignore",
  });
  await once(child, "spawn");
  try {
    const found = processTable().find(({ pid }) => pid === child.pid);
    // A detached process leads a group of its own.
    expect(found).toMatchObject({ pid: child.pid, group: child.pid });
    expect(found?.command).toContain("the-eye-test-process");
  } finally {
    child.kill("SIGKILL");
  }
});

test("knows whether a process runs", async () => {
  expect(isRunning(process.pid)).toBe(true);
  const child = spawn(process.execPath, ["-e", ""], { stdio: "ignore" });
  await once(child, "exit");
  expect(isRunning(child.pid ?? 0)).toBe(false);
});
