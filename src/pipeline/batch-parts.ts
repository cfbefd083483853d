import { hash48 } from "../model/event/short-hash";
import { sliceBatch } from "./batch-slices";

/** The properties of a message that determine how a batch is divided. */
interface Delivered {
  id: string;
  body: unknown;
  /** The number of deliveries so far, from 1. */
  attempts: number;
}

/** The platform's largest batch. */
const MAX_BATCH_MESSAGES = 100;

/**
 * Divides a batch into parts that are processed and acknowledged one after the other. Nearly every batch is one part:
 * all its messages are new, and their text fits one slice (batch-slices.ts).
 *
 * A redelivered message may have crashed the previous invocation, by its CPU time or memory, together with every other
 * message in progress; the platform does not report that. So redelivered messages come after the new ones, in small
 * parts: half a batch at the second delivery, a quarter at the third, one message from the eighth on. Parts grow again
 * while the invocation survives, so a backlog after an outage takes seven parts per batch instead of a hundred. Their
 * order changes with each delivery, so every message is at some time before the one at fault and is acknowledged before
 * the crash.
 *
 * @returns the indexes of each part's messages
 */
export function divideBatch(messages: readonly Delivered[]): number[][] {
  const parts: number[][] = [];
  const order = orderOf(messages);
  let size = 0;
  for (let done = 0; done < order.length; ) {
    const attempts = messages[order[done] ?? 0]?.attempts ?? 1;
    size = Math.max(firstSize(attempts), Math.min(2 * size, MAX_BATCH_MESSAGES));
    // New messages stay separate from those that may be at fault.
    const more = order.slice(done, done + size).filter((place) => attempts > 1 || messages[place]?.attempts === 1);
    const slices = sliceBatch(more.map((place) => messages[place]?.body));
    const part = (slices[0] ?? []).flatMap((index) => more[index] ?? []);
    parts.push(part);
    done += part.length;
    if (attempts === 1) size = 0;
  }
  return parts;
}

/** The size of the first part of messages at their `attempts`th delivery. */
function firstSize(attempts: number): number {
  return Math.max(1, Math.floor(MAX_BATCH_MESSAGES / 2 ** Math.min(attempts - 1, 7)));
}

function orderOf(messages: readonly Delivered[]): number[] {
  return messages
    .map(({ id, attempts }, place) => ({ place, attempts, rank: attempts === 1 ? place : hash48(`${attempts} ${id}`) }))
    .sort((a, b) => a.attempts - b.attempts || a.rank - b.rank || a.place - b.place)
    .map(({ place }) => place);
}
