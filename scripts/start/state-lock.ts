import { linkSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
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
 * Takes the lock of a folder. If the previous holder was killed, its remaining processes are ended first. Of several
 * processes that try at once, one succeeds, also if the previous holder was killed.
 *
 * @returns the lock, or its holder
 */
export function takeLock(folder: string, port: number): StateLock | { holder: Holder } {
  const file = join(folder, FILE);
  const own: Holder = { pid: process.pid, port };
  const holder = acquire(file, own);
  if (holder !== null) return { holder };
  return {
    noteGroup: (group) => replace(file, { ...own, group }),
    release: () => {
      if (holderIn(textOf(file))?.pid === process.pid) rmSync(file, { force: true });
    },
  };
}

/** @returns null once the lock is taken, or its holder */
function acquire(file: string, own: Holder): Holder | null {
  for (;;) {
    if (created(file, own)) return null;
    const text = textOf(file);
    const holder = holderIn(text);
    if (isHeld(holder)) return holder;
    const other = takeOver(file, text, own);
    if (other !== "again") return other;
  }
}

/**
 * Replaces the lock of a process that has ended. A second lock makes sure that only one process does so: otherwise two would
 * find the same ended holder, and the slower one would replace the lock of the faster one.
 */
function takeOver(file: string, ended: string | null, own: Holder): Holder | null | "again" {
  const guard = `${file}.takeover`;
  if (!created(guard, own)) {
    const other = holderIn(textOf(guard));
    if (isHeld(other)) return other;
    rmSync(guard, { force: true });
    return "again";
  }
  try {
    // Another process may have replaced it since it was read.
    if (textOf(file) !== ended) return "again";
    const group = holderIn(ended)?.group;
    if (group !== undefined) endLeftover(group);
    replace(file, own);
    return null;
  } finally {
    rmSync(guard, { force: true });
  }
}

/** The message if another service uses the folder. */
export function inUse(folder: string, { pid, port }: Holder): string {
  return `The state in ${folder} is used by another service: process ${pid}, at port ${port}. Use that one, or stop it (Ctrl-C there, or kill ${pid}), or start with another folder: npm start -- --persist-to DIR`;
}

/** Writes the whole file or nothing, so that nobody reads half of it. @returns false if the file exists */
function created(file: string, holder: Holder): boolean {
  const draft = draftOf(file, holder);
  try {
    linkSync(draft, file);
    return true;
  } catch (error) {
    if (codeOf(error) === "EEXIST") return false;
    return createdWithoutLink(file, holder);
  } finally {
    rmSync(draft, { force: true });
  }
}

/** Some file systems have no hard links. */
function createdWithoutLink(file: string, holder: Holder): boolean {
  try {
    writeFileSync(file, JSON.stringify(holder), { flag: "wx" });
    return true;
  } catch (error) {
    if (codeOf(error) === "EEXIST") return false;
    throw error;
  }
}

function replace(file: string, holder: Holder): void {
  renameSync(draftOf(file, holder), file);
}

function draftOf(file: string, holder: Holder): string {
  const draft = `${file}.${process.pid}`;
  writeFileSync(draft, JSON.stringify(holder));
  return draft;
}

function codeOf(error: unknown): unknown {
  return error instanceof Error && "code" in error ? error.code : null;
}

function textOf(file: string): string | null {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return null;
  }
}

function holderIn(text: string | null): Holder | null {
  try {
    const parsed = v.safeParse(HolderSchema, JSON.parse(text ?? ""));
    return parsed.success ? parsed.output : null;
  } catch {
    return null;
  }
}

function isHeld(holder: Holder | null): holder is Holder {
  return holder !== null && holder.pid !== process.pid && isAlive(holder.pid);
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
