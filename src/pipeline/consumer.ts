import type { Failure } from "../storage/core/transport-errors";
import { type Pipeline, processBatch, type Undelivered } from "./process-batch";
import { redelivery, worst } from "./retry-policy";

/** A queue's batch: each message is acknowledged after everything in it is committed, and not before. */
export async function consume(batch: MessageBatch<unknown>, pipeline: Pipeline): Promise<void> {
  const started = Date.now();
  // Read once: the platform makes the list anew each time.
  const { messages } = batch;
  const { undelivered, counts } = await processBatch(messages, pipeline);

  const failures = new Map<number, Failure[]>();
  for (const { messages: own, failure } of undelivered) {
    for (const place of own) failures.set(place, [...(failures.get(place) ?? []), failure]);
  }
  let deadLetters = 0;
  for (const [place, message] of messages.entries()) {
    const own = failures.get(place);
    if (own === undefined) {
      message.ack();
      continue;
    }
    const next = redelivery(worst(own), message.attempts, Math.random());
    if (next.kind === "retry") {
      message.retry({ delaySeconds: next.delaySeconds });
      continue;
    }
    await pipeline.sendDeadLetter(message.body);
    message.ack();
    deadLetters += 1;
  }

  pipeline.log({
    log: "batch",
    queue: batch.queue,
    messages: messages.length,
    ...counts,
    retried: failures.size - deadLetters,
    dead_letters: deadLetters,
    reasons: reasonsOf(undelivered),
    ms: Date.now() - started,
  });
}

/** The different reasons, at most five: enough to see what is wrong, whatever the size of the batch. */
function reasonsOf(undelivered: Undelivered[]): string[] {
  return [...new Set(undelivered.map(({ failure, reason }) => `${failure}: ${reason}`))].slice(0, 5);
}
