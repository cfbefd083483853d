import type { Drop } from "../core/types.js";
import type { ServerOptions } from "./types.js";

/** An event as JSON. */
export interface Item {
  text: string;
  bytes: number;
}

export interface Sender {
  add(item: Item): void;
  /** Unanswered events, and their bytes. */
  waiting(): number;
  waitingBytes(): number;
  /** Resolves when a request has been answered, or has failed. */
  progress(): Promise<void>;
  /** Sends the waiting events at once. */
  hurry(): void;
}

const BATCH_EVENTS = 500;
const BATCH_BYTES = 900_000;
const TIMEOUT_MS = 30_000;
const FIRST_PAUSE_MS = 500;
const MAX_PAUSE_MS = 60_000;

/** Sends events in order, one request at a time, and retries until the service has them. */
export function createSender(
  options: Pick<ServerOptions, "url" | "key" | "waitUntil" | "fetch"> & { delayMs: number },
  onDrop: (drop: Drop) => void,
): Sender {
  const url = `${options.url.replace(/\/+$/, "")}/theeye/events`;
  let queue: Item[] = [];
  let bytes = 0;
  let limit = BATCH_EVENTS;
  let failures = 0;
  let running: Promise<void> | undefined;
  let wake: (() => void) | undefined;
  let waiters: (() => void)[] = [];

  /** Waits, unless `hurry` or a full batch ends the wait. */
  function pause(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, ms);
      wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }

  async function run(): Promise<void> {
    if (queue.length < BATCH_EVENTS && bytes < BATCH_BYTES) await pause(options.delayMs);
    while (queue.length > 0) {
      wake = undefined;
      const batch = nextBatch(queue, limit);
      const waitMs = handle(batch, await post(batch));
      const woken = waiters;
      waiters = [];
      for (const resolve of woken) resolve();
      if (waitMs > 0) await pause(waitMs);
    }
  }

  function start(): void {
    running = run().finally(() => {
      running = undefined;
      // Added since the last answer.
      if (queue.length > 0) start();
    });
    options.waitUntil?.(running);
  }

  /** Handles an answer. @returns how long to wait before the next request, in milliseconds */
  function handle(batch: readonly Item[], { status, retryMs }: Answer): number {
    if (status === 0 || status >= 500 || status === 429) {
      const pauseMs = retryMs || Math.min(MAX_PAUSE_MS, FIRST_PAUSE_MS * 2 ** failures++);
      return pauseMs * (1 + Math.random());
    }
    failures = 0;
    if (status === 413 && batch.length > 1) {
      limit = batch.length >> 1;
      return 0;
    }
    limit = BATCH_EVENTS;
    queue = queue.slice(batch.length);
    bytes -= batch.reduce((sum, item) => sum + item.bytes, 0);
    if (status >= 300) {
      onDrop({ count: batch.length, reason: status === 413 ? "too_large" : "refused", status });
    }
    return 0;
  }

  async function post(batch: readonly Item[]): Promise<Answer> {
    try {
      const response = await (options.fetch ?? fetch)(url, {
        method: "POST",
        headers: {
          Authorization: `Bearer ${options.key}`,
          "Content-Type": "application/json",
          "Content-Encoding": "gzip",
        },
        body: await gzip(`[${batch.map(({ text }) => text).join(",")}]`),
        signal: AbortSignal.timeout(TIMEOUT_MS),
      });
      // Read to the end, so that the connection can be reused.
      await response.arrayBuffer();
      return { status: response.status, retryMs: Number(response.headers.get("Retry-After")) * 1_000 };
    } catch {
      return { status: 0, retryMs: 0 };
    }
  }

  return {
    add(item) {
      queue.push(item);
      bytes += item.bytes;
      if (running === undefined) start();
      else if (failures === 0 && (queue.length >= BATCH_EVENTS || bytes >= BATCH_BYTES)) wake?.();
    },
    waiting: () => queue.length,
    waitingBytes: () => bytes,
    progress: () => new Promise((resolve) => waiters.push(resolve)),
    hurry: () => wake?.(),
  };
}

interface Answer {
  /** 0: no answer. */
  status: number;
  retryMs: number;
}

function nextBatch(queue: readonly Item[], limit: number): Item[] {
  let size = 2;
  return queue.slice(0, limit).filter(({ bytes }) => {
    size += bytes + 1;
    return size <= BATCH_BYTES;
  });
}

async function gzip(text: string): Promise<ArrayBuffer> {
  const zipped = new Blob([text]).stream().pipeThrough(new CompressionStream("gzip"));
  return new Response(zipped).arrayBuffer();
}
