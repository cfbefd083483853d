import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import * as v from "valibot";
import { isRunning, processTable } from "./process-table.ts";

/**
 * Only one service at a time may use a state folder: two would have separate queues, but read and write the same databases.
 */

const HolderSchema = v.object({
  /** The process of `npm start`. */
  pid: v.number(),
  port: v.number(),
  /** Its child, the leader of the group of serving processes; absent until it is started. */
  group: v.optional(v.number()),
});

export type Holder = v.InferOutput<typeof HolderSchema>;

const FILE = "the-eye.lock";

const POSIX = process.platform !== "win32";

export interface StateLock {
  /** Records the leader of the serving processes, so that the next start can end them if this one is killed. */
  noteGroup: (pid: number) => void;
  release: () => void;
}

/**
 * Takes the lock of a folder. If the previous holder was killed, its remaining processes are ended first.
 *
 * @returns the lock, or its holder
 */
export function takeLock(folder: string, port: number): StateLock | { holder: Holder } {
  const file = join(folder, FILE);
  const own: Holder = { pid: process.pid, port };
  for (;;) {
    if (created(file, own)) break;
    const holder = read(file);
    if (holder !== null && holder.pid !== process.pid && isAlive(holder.pid)) return { holder };
    if (holder?.group !== undefined) endLeftover(holder.group);
    rmSync(file, { force: true });
  }
  return {
    noteGroup: (group) => writeFileSync(file, JSON.stringify({ ...own, group })),
    release: () => {
      if (read(file)?.pid === process.pid) rmSync(file, { force: true });
    },
  };
}

/** The message if another service uses the folder. */
export function inUse(folder: string, { pid, port }: Holder): string {
  return `The state in ${folder} is used by another service: process ${pid}, at port ${port}. Use that one, or stop it (Ctrl-C there, or kill ${pid}), or start with another folder: npm start -- --persist-to DIR`;
}

/** @returns false if the file exists */
function created(file: string, holder: Holder): boolean {
  try {
    writeFileSync(file, JSON.stringify(holder), { flag: "wx" });
    return true;
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "EEXIST") return false;
    throw error;
  }
}

function read(file: string): Holder | null {
  try {
    const parsed = v.safeParse(HolderSchema, JSON.parse(readFileSync(file, "utf8")));
    return parsed.success ? parsed.output : null;
  } catch {
    return null;
  }
}

/** Process ids are reused, so the process counts only if it is one of ours. */
function isAlive(pid: number): boolean {
  if (!isRunning(pid)) return false;
  return !POSIX || /start\.ts/.test(commandOf(pid));
}

/** Ends the processes that a killed service left running. They would hold its port and its databases. */
function endLeftover(group: number): void {
  if (!POSIX) return;
  // Any process that is still in the group: the leader itself may have exited.
  const members = processTable().filter((one) => one.group === group);
  if (!members.some(({ command }) => /keep-service\.ts|wrangler|workerd/.test(command))) return;
  try {
    process.kill(-group, "SIGKILL");
  } catch {
    // They have exited meanwhile.
  }
}

function commandOf(pid: number): string {
  return processTable().find((one) => one.pid === pid)?.command ?? "";
}
