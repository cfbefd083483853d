import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { isRunning } from "../../../scripts/start/process-table.ts";
import { inUse, type StateLock, takeLock } from "../../../scripts/start/state-lock.ts";

let folder = "";
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "the-eye-lock-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

const file = () => join(folder, "the-eye.lock");

function taken(): StateLock {
  const lock = takeLock(folder, 8787);
  if ("holder" in lock) throw new Error("the lock is held");
  return lock;
}

/** A process that looks like `npm start`, or like one of its child processes. */
async function running(name: string, detached = false) {
  const script = join(folder, name);
  writeFileSync(script, "console.log('ready'); setInterval(() => {}, 1000);");
  const child = spawn(process.execPath, [script], { detached, stdio: ["ignore", "pipe", "ignore"] });
  await once(child.stdout, "data");
  return { pid: child.pid ?? 0, child, ended: once(child, "exit") };
}

test("a free folder is locked until it is released", () => {
  const lock = taken();
  expect(existsSync(file())).toBe(true);
  lock.noteGroup(7);
  lock.release();
  expect(existsSync(file())).toBe(false);
});

test.skipIf(process.platform === "win32")(
  "a folder in use is refused, with a sentence that names the process",
  async () => {
    const { pid, child, ended } = await running("start.ts");
    writeFileSync(file(), JSON.stringify({ pid, port: 8788 }));
    const refused = takeLock(folder, 8787);
    expect(refused).toEqual({ holder: { pid, port: 8788 } });
    expect(inUse("x", { pid, port: 8788 })).toContain(`process ${pid}, at port 8788`);
    child.kill("SIGKILL");
    await ended;
    expect("holder" in takeLock(folder, 8787)).toBe(false);
  },
);

test.skipIf(process.platform === "win32")("ends only the processes that a killed service left", async () => {
  const left = await running("keep-service.ts", true);
  writeFileSync(file(), JSON.stringify({ pid: 2 ** 22 + 1, port: 8787, group: left.pid }));
  taken().release();
  await left.ended;
  const other = await running("another.js", true);
  writeFileSync(file(), JSON.stringify({ pid: 2 ** 22 + 1, port: 8787, group: other.pid }));
  taken().release();
  expect(isRunning(other.pid)).toBe(true);
  other.child.kill("SIGKILL");
  await other.ended;
});

test("a damaged lock, and one whose process id another program has now, are ignored", () => {
  writeFileSync(file(), "{");
  taken().release();
  // This process runs tests and is not a service.
  writeFileSync(file(), JSON.stringify({ pid: process.ppid, port: 8787 }));
  if (process.platform !== "win32") taken().release();
});

/** Takes the lock at a stated moment, prints whether it has, and holds it until its input ends. */
const TAKER = `
  const { takeLock } = await import(process.argv[2]);
  const [, , , folder, at] = process.argv;
  while (Date.now() < Number(at));
  console.log("holder" in takeLock(folder, 8787) ? "refused" : "taken");
  process.stdin.resume();
  process.stdin.on("end", () => process.exit());
`;

test.skipIf(process.platform === "win32").each([
  ["a free folder", null],
  ["a folder whose service was killed", JSON.stringify({ pid: 2 ** 22 + 1, port: 8787, group: 2 ** 22 + 1 })],
  ["a folder with a damaged lock", "{"],
])(
  "of several services that start at once on %s, one takes the lock",
  async (_, content) => {
    const script = join(folder, "start.ts");
    writeFileSync(script, TAKER);
    const lockModule = join(import.meta.dirname, "../../../scripts/start/state-lock.ts");
    if (content !== null) writeFileSync(file(), content);
    const at = Date.now() + 1_500;
    const takers = Array.from({ length: 4 }, () =>
      spawn(process.execPath, ["--no-warnings", script, lockModule, folder, String(at)], {
        stdio: ["pipe", "pipe", "inherit"],
      }),
    );
    const outcomes = await Promise.all(
      takers.map(async ({ stdout }) => {
        const [line] = await once(stdout, "data");
        return String(line).trim();
      }),
    );
    const ended = takers.map((taker) => once(taker, "exit"));
    for (const { stdin } of takers) stdin.end();
    await Promise.all(ended);
    expect(outcomes.sort()).toEqual(["refused", "refused", "refused", "taken"]);
  },
  30_000,
);
