import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { type FileHandle, open } from "node:fs/promises";
import { promisify } from "node:util";
import { gzip } from "node:zlib";
import { type ExportState, readState, removeState, stateFileOf, writeState } from "./export-state.ts";
import { type ExportOptions, parseExportOptions, USAGE } from "./options.ts";
import { PartLines, type Trailer } from "./part-lines.ts";
import type { ExportProgress } from "./progress.ts";

const compress = promisify(gzip);

const MAX_TRIES = 8;
const FIRST_PAUSE_MS = 250;

/** Bytes that are compressed at a time. Each piece is a separate gzip member; every reader joins them (RFC 1952). */
const MEMBER_BYTES = 4_000_000;

export interface ExportWorld {
  io: { fetch: typeof fetch; pause: (ms: number) => Promise<unknown>; now: () => number };
  environment: NodeJS.ProcessEnv;
  print: (text: string) => void;
  printError: (text: string) => void;
  startProgress: () => ExportProgress;
}

/** An error that a retry cannot fix. */
class ExportStopped extends Error {}

/** The command `npm run export`. @returns its exit code; see `USAGE`. */
export async function runExport(args: readonly string[], world: ExportWorld): Promise<number> {
  if (args.includes("--help") || args.includes("-h")) {
    world.print(USAGE);
    return 0;
  }
  const options = parseExportOptions(args, world.environment);
  if (typeof options === "string") {
    world.printError(`${options}\n\n${USAGE}`);
    return 2;
  }
  const { out } = options;
  const question = questionOf(options);
  const before = readState(out);
  const canGoOn = before?.question === question;
  // Another export that did not complete its first part has nothing to keep.
  if (!canGoOn && before?.bytes !== 0 && !options.isForced && (existsSync(out) || existsSync(stateFileOf(out)))) {
    const why = before === null ? "exists already" : "is the beginning of another export";
    world.printError(`${out} ${why}. Choose another file, or replace it with --force.`);
    return 2;
  }
  if (canGoOn && before.bytes > 0) world.print(`Continuing after ${before.events.toLocaleString("en-US")} events.`);
  const path = `/theeye/exports?${options.query}`;
  const state = canGoOn ? before : { v: 1 as const, question, bytes: 0, events: 0, next: path, headerBytes: 0 };
  let file: FileHandle;
  try {
    file = await open(out, existsSync(out) ? "r+" : "w");
    // From now on the same command continues, even if it stops within the first part.
    writeState(out, state);
  } catch (error) {
    world.printError(`${out} cannot be written: ${messageOf(error)}`);
    return 2;
  }
  const progress = world.startProgress();
  try {
    const events = await exportParts(options, state, file, world, progress);
    progress.stop();
    world.print(`${events.toLocaleString("en-US")} events in ${out}`);
    return 0;
  } catch (error) {
    progress.stop();
    world.printError(`The export stopped: ${messageOf(error)}\nThe same command continues where it stopped.`);
    return 1;
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** `fetch` only says "fetch failed"; its cause says why. */
function causeOf(error: unknown): string {
  const cause = error instanceof Error ? error.cause : undefined;
  const code = cause instanceof Error && "code" in cause ? cause.code : undefined;
  return typeof code === "string" ? code : messageOf(cause ?? error);
}

/** Neither the key nor the number of events per request is part of it. */
function questionOf({ url, query }: ExportOptions): string {
  const filters = new URLSearchParams(query);
  filters.delete("limit");
  return createHash("sha256").update(`${url}?${filters}`).digest("hex");
}

async function exportParts(
  options: ExportOptions,
  start: ExportState,
  file: FileHandle,
  world: ExportWorld,
  progress: ExportProgress,
): Promise<number> {
  let state = start;
  try {
    for (let tries = 0; ; ) {
      try {
        const { trailer, bytes, headerBytes } = await exportPart(options, state, file, world, progress);
        await file.sync();
        const events = state.events + trailer.events;
        if (trailer.next === null) {
          removeState(options.out);
          return events;
        }
        const next = new URL(trailer.next, `${options.url}${state.next}`);
        state = { ...state, bytes, events, headerBytes, next: `${state.next.split("?", 1)[0] ?? ""}${next.search}` };
        writeState(options.out, state);
        tries = 0;
      } catch (error) {
        tries += 1;
        if (error instanceof ExportStopped || tries === MAX_TRIES) throw error;
        if (tries === 1) world.printError(`${messageOf(error)} Trying again, ${MAX_TRIES - 1} times at most.`);
        await world.io.pause(FIRST_PAUSE_MS * 2 ** tries);
      }
    }
  } finally {
    await file.close();
  }
}

interface WrittenPart {
  trailer: Trailer;
  /** The length of the file including this part. */
  bytes: number;
  headerBytes: number;
}

/** Writes one part after the complete ones. Bytes that an earlier try left there are truncated first. */
async function exportPart(
  { url, key, isGzip, query }: ExportOptions,
  state: ExportState,
  file: FileHandle,
  { io }: ExportWorld,
  progress: ExportProgress,
): Promise<WrittenPart> {
  await file.truncate(state.bytes);
  const response = await io
    .fetch(`${url}${state.next}`, { headers: { Authorization: `Bearer ${key}` } })
    .catch((error: unknown) => {
      throw new Error(`${url} cannot be reached (${causeOf(error)}).`);
    });
  if (response.status !== 200 || response.body === null) {
    const reason = `${url} answered ${response.status}: ${(await response.text()).slice(0, 500)}`;
    if (response.status !== 429 && response.status < 500) throw new ExportStopped(reason);
    throw new Error(reason);
  }
  const isFirst = state.bytes === 0;
  const lines = new PartLines(state.headerBytes, isFirst && query.get("format") === "csv");
  let bytes = state.bytes;
  let waiting: Uint8Array[] = [];
  let waitingBytes = 0;
  const write = async () => {
    if (waitingBytes === 0) return;
    const joined = Buffer.concat(waiting);
    waiting = [];
    waitingBytes = 0;
    const written = isGzip ? await compress(joined) : joined;
    await file.write(written, 0, written.length, bytes);
    bytes += written.length;
    progress.update(state.events, bytes);
  };
  for await (const chunk of response.body) {
    const whole = lines.push(chunk);
    waiting.push(whole);
    waitingBytes += whole.length;
    if (waitingBytes >= MEMBER_BYTES) await write();
  }
  await write();
  const trailer = lines.trailer();
  if (trailer === null) throw new Error("The answer is incomplete.");
  progress.update(state.events + trailer.events, bytes);
  return { trailer, bytes, headerBytes: isFirst ? lines.headerBytes : state.headerBytes };
}
