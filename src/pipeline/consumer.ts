import type { Failure } from "../storage/core/transport-errors";
import { divideBatch } from "./batch-parts";
import { NOTHING_COUNTED, type Pipeline, processBatch, sumCounts, type Undelivered } from "./process-batch";
import { endsInvocations, redelivery, waitedBy, worst } from "./retry-policy";

/**
 * Consumes a batch of the queue of events. Each message is acknowledged only after all its events are committed. The
 * batch is processed in parts, so that finished parts stay acknowledged if a later one crashes the invocation; see
 * batch-parts.ts.
 */
export async function consume(batch: MessageBatch<unknown>, pipeline: Pipeline): Promise<void> {
  const started = Date.now();
  // Read once, since the platform's getter creates a new list each time.
  const { messages } = batch;
  const handled: Handled = { retried: 0, renewed: 0, deadLetters: 0 };
  const suspects = messages.filter(endsInvocations);
  for (const message of suspects) await toDeadLetters(message, pipeline, handled);

  let counts = NOTHING_COUNTED;
  const reasons: string[] = suspects.map(() => "not processed: it crashed earlier invocations");
  const rest = messages.filter((message) => !endsInvocations(message));
  for (const places of divideBatch(rest)) {
    const part = places.flatMap((place) => rest[place] ?? []);
    const processed = await processBatch(part, pipeline);
    counts = sumCounts(counts, processed.counts);
    reasons.push(...processed.undelivered.map(({ failure, reason }) => `${failure}: ${reason}`));
    await resolve(part, processed.undelivered, pipeline, handled);
  }

  const { retried, renewed, deadLetters } = handled;
  pipeline.log({
    ...{ log: "batch", queue: batch.queue, messages: messages.length, ...counts },
    ...{ retried, renewed, dead_letters: deadLetters },
    // Five are enough to see what is wrong, and keep the line short.
    reasons: [...new Set(reasons)].slice(0, 5),
    ms: Date.now() - started,
  });
}

/** Counts of the messages that were not finished. */
interface Handled {
  retried: number;
  renewed: number;
  deadLetters: number;
}

async function resolve(
  messages: readonly Message<unknown>[],
  undelivered: readonly Undelivered[],
  pipeline: Pipeline,
  handled: Handled,
): Promise<void> {
  const failures = new Map<number, Failure[]>();
  for (const { messages: own, failure } of undelivered) {
    for (const place of own) failures.set(place, [...(failures.get(place) ?? []), failure]);
  }
  for (const [place, message] of messages.entries()) {
    const own = failures.get(place);
    if (own === undefined) {
      message.ack();
      continue;
    }
    const next = redelivery(worst(own), waitedBy(message, pipeline.now()), Math.random());
    if (next.kind === "retry") {
      message.retry({ delaySeconds: next.delaySeconds });
      handled.retried += 1;
    } else if (next.kind === "renew") {
      await pipeline.sendAgain(message.body);
      message.ack();
      handled.renewed += 1;
    } else {
      await toDeadLetters(message, pipeline, handled);
    }
  }
}

async function toDeadLetters(message: Message<unknown>, pipeline: Pipeline, handled: Handled): Promise<void> {
  await pipeline.sendDeadLetter(message.body);
  message.ack();
  handled.deadLetters += 1;
}
