import { closeSync, createReadStream, openSync, readSync, statSync } from "node:fs";
import { join } from "node:path";
import { Readable } from "node:stream";
import { createGunzip } from "node:zlib";
import { UnreadableFile } from "../stopped.ts";
import { fileKind, KIND_BYTES } from "./file-kind.ts";

/** The file name that means standard input. */
export const STANDARD_INPUT = "-";

const CHUNK_BYTES = 256 * 1024;

export interface Input {
  /** The file as it was named. */
  name: string;
  isCompressed: boolean;
  /** Its bytes, decompressed. */
  bytes: AsyncIterable<Uint8Array>;
}

/** Size of a regular file in bytes; null for standard input and pipes, whose length is not known. */
export function inputSize(name: string): number | null {
  if (name === STANDARD_INPUT) return null;
  const stats = statSync(name);
  return stats.isFile() ? stats.size : null;
}

function isFile(name: string): boolean {
  return statSync(name).isFile();
}

function firstBytes(name: string): Uint8Array {
  const file = openSync(name, "r");
  try {
    const head = new Uint8Array(KIND_BYTES);
    return head.subarray(0, readSync(file, head));
  } finally {
    closeSync(file);
  }
}

/** @returns a sentence that says why the file cannot be read, or null. */
export function inputProblem(name: string): string | null {
  if (name === STANDARD_INPUT) return null;
  try {
    if (statSync(name).isDirectory())
      return `${name} is a folder. Name its files, oldest first, such as ${join(name, "*.log")}`;
    return isFile(name) ? kindProblem(name, firstBytes(name)) : null;
  } catch (error) {
    const code = error instanceof Error && "code" in error ? error.code : null;
    if (code === "ENOENT") return `${name} does not exist.`;
    if (code === "EACCES") return `${name} may not be read by this user.`;
    return `${name} cannot be read: ${error instanceof Error ? error.message : String(error)}`;
  }
}

/**
 * Opens a file or standard input, plain or gzip, which its first bytes decide.
 *
 * @param onBytes is called with bytes as they are read, before decompression.
 * @throws UnreadableFile if it is neither.
 */
export async function openInput(
  name: string,
  standardInput: AsyncIterable<Uint8Array>,
  onBytes: (count: number) => void = () => undefined,
): Promise<Input> {
  const raw = name === STANDARD_INPUT ? standardInput : createReadStream(name, { highWaterMark: CHUNK_BYTES });
  const counted = counting(name, raw, onBytes);
  const { head, all } = await peek(counted);
  refuseKind(name, head);
  if (fileKind(head).readable === "plain") return { name, isCompressed: false, bytes: all };
  const unpacked = await peek(unpack(name, all));
  if (fileKind(unpacked.head).readable === "gzip")
    throw new UnreadableFile(`${name} is compressed twice. Unpack it once.`);
  refuseKind(name, unpacked.head);
  return { name, isCompressed: true, bytes: unpacked.all };
}

function refuseKind(name: string, head: Uint8Array): void {
  const problem = kindProblem(name, head);
  if (problem !== null) throw new UnreadableFile(problem);
}

function kindProblem(name: string, head: Uint8Array): string | null {
  const kind = fileKind(head);
  if (kind.readable !== null) return null;
  return name === STANDARD_INPUT ? `Standard input ${kind.problem}` : `${name} ${kind.problem.replace("FILE", name)}`;
}

async function* counting(name: string, bytes: AsyncIterable<Uint8Array>, onBytes: (count: number) => void) {
  const iterator = bytes[Symbol.asyncIterator]();
  try {
    for (let next = await readNext(name, iterator); next.done !== true; next = await readNext(name, iterator)) {
      onBytes(next.value.length);
      yield next.value;
    }
  } finally {
    await iterator.return?.();
  }
}

async function readNext(name: string, iterator: AsyncIterator<Uint8Array>): Promise<IteratorResult<Uint8Array>> {
  try {
    return await iterator.next();
  } catch (error) {
    throw new UnreadableFile(
      `${name} cannot be read further: ${error instanceof Error ? error.message : String(error)}`,
    );
  }
}

/** Reads the first bytes and returns them with an iterable that still yields them. */
async function peek(bytes: AsyncIterable<Uint8Array>): Promise<{ head: Uint8Array; all: AsyncIterable<Uint8Array> }> {
  const iterator = bytes[Symbol.asyncIterator]();
  let head: Uint8Array = new Uint8Array();
  while (head.length < KIND_BYTES) {
    const next = await iterator.next();
    if (next.done === true) break;
    head = Buffer.concat([head, next.value]);
  }
  return { head, all: rest(head, iterator) };
}

async function* rest(head: Uint8Array, iterator: AsyncIterator<Uint8Array>) {
  try {
    yield head;
    for (let next = await iterator.next(); next.done !== true; next = await iterator.next()) yield next.value;
  } finally {
    await iterator.return?.();
  }
}

async function* unpack(name: string, bytes: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  const gunzip = createGunzip({ chunkSize: CHUNK_BYTES });
  const source = Readable.from(bytes, { objectMode: false });
  source.on("error", (error) => gunzip.destroy(error));
  try {
    yield* source.pipe(gunzip);
  } catch (error) {
    if (error instanceof UnreadableFile) throw error;
    const reason = error instanceof Error ? error.message : String(error);
    throw new UnreadableFile(
      `${name} is damaged: its gzip data cannot be read further (${reason}). The lines before that were read. ` +
        "Get a complete copy of the file, and replay it: no line is stored twice.",
    );
  } finally {
    source.destroy();
    gunzip.destroy();
  }
}
