import { Readable } from "node:stream";
import { createGunzip } from "node:zlib";
import { cpuMsOf, peakMemoryOf, resetPeakMemory } from "../shared/workerd-processes.ts";
import type { ExportPlatform } from "./export-platform.ts";
import { BENCH_KEY } from "./key.ts";

export interface Measured {
  what: string;
  events: number;
  answers: number;
  bytes: number;
  seconds: number;
  /** CPU time of workerd in milliseconds: the Worker, D1 and R2. */
  cpuMs: number;
  /** Memory of workerd in MB, before and at its most. */
  memoryBefore: number;
  memoryPeak: number;
}

/**
 * Exports everything, answer by answer, and discards the bytes.
 *
 * @param most the most answers to follow
 */
export async function measureExport(
  { url, pid }: ExportPlatform,
  what: string,
  parameters: string,
  most = Number.MAX_SAFE_INTEGER,
): Promise<Measured> {
  const process = pid ?? -1;
  resetPeakMemory(process);
  const memoryBefore = peakMemoryOf(process);
  const cpu = cpuMsOf(process);
  const from = performance.now();
  let [events, answers, bytes] = [0, 0, 0];
  for (let next: string | null = `?${parameters}`; next !== null && answers < most; ) {
    const response = await fetch(new URL(`/theeye/exports${next}`, url), {
      headers: { Authorization: `Bearer ${BENCH_KEY}` },
    });
    if (!response.ok || response.body === null) throw new Error(`${response.status}: ${await response.text()}`);
    const isGzip = parameters.includes("gzip=1");
    const answer = await endOf(isGzip ? Readable.from(response.body).pipe(createGunzip()) : response.body);
    events += answer.events;
    bytes += answer.bytes;
    answers += 1;
    next = answer.next;
  }
  return {
    ...{ what, events, answers, bytes, memoryBefore, seconds: (performance.now() - from) / 1_000 },
    ...{ cpuMs: cpuMsOf(process) - cpu, memoryPeak: peakMemoryOf(process) },
  };
}

/** Characters at the end of an answer that hold its last line, or the note in a Parquet footer. */
const TAIL = 20_000;

async function endOf(body: AsyncIterable<Uint8Array>) {
  let bytes = 0;
  let tail = Buffer.alloc(0);
  for await (const chunk of body) {
    bytes += chunk.byteLength;
    tail = chunk.byteLength >= TAIL ? Buffer.from(chunk) : Buffer.concat([tail, chunk]).subarray(-TAIL);
  }
  const [, events, next] = /"events":(\d+),"next":(null|"[^"]*")/.exec(tail.toString("latin1")) ?? [];
  if (events === undefined || next === undefined) throw new Error("the answer has no end");
  return { bytes, events: Number(events), next: JSON.parse(next) as string | null };
}
