import { gzipSync } from "node:zlib";
import * as v from "valibot";
import { MAX_BODY_BYTES } from "../../../src/model/limits.ts";
import type { PageView } from "../events/page-view.ts";
import { ReplayStopped } from "../stopped.ts";
import { concurrently, jsonBatches } from "./batches.ts";
import { type Io, requestJson } from "./request.ts";

const AcceptedSchema = v.object({ accepted: v.number() });

export interface SendOptions {
  url: string;
  key: string;
  batch: number;
  concurrency: number;
}

/**
 * Sends all events in compressed batches.
 *
 * @param onAccepted is called with the number of accepted events of each batch.
 * @throws ReplayStopped if a batch is refused.
 */
export async function sendAll(
  io: Io,
  events: readonly PageView[],
  options: SendOptions,
  onAccepted: (accepted: number) => void,
): Promise<void> {
  const headers = {
    Authorization: `Bearer ${options.key}`,
    "Content-Type": "application/json",
    "Content-Encoding": "gzip",
  };
  await concurrently(jsonBatches(events, options.batch, MAX_BODY_BYTES), options.concurrency, async ({ body }) => {
    const answer = await requestJson(io, `${options.url}/theeye/events`, {
      method: "POST",
      headers,
      body: gzipSync(body),
    });
    const parsed = v.safeParse(AcceptedSchema, answer);
    if (!parsed.success) {
      throw new ReplayStopped(
        `${options.url} does not answer as The Eye does. Is --url the address where The Eye runs?`,
      );
    }
    onAccepted(parsed.output.accepted);
  });
}
