import { hash48 } from "../model/event/short-hash";
import { sliceBatch } from "./batch-slices";

/** What the division of a batch depends on. */
interface Delivered {
  id: string;
  body: unknown;
  /** How often it was delivered, from 1. */
  attempts: number;
}

/** The platform's largest batch. */
const MAX_BATCH_MESSAGES = 100;

/**
 * Divides a batch into parts that are processed and acknowledged one after the other. Nearly every batch is one part: all of its
 * messages come for the first time, and their text fits a slice (batch-slices.ts).
 *
 * A message that comes again may have ended the invocation that had it, by its CPU time or memory, and with it all that was in
 * hand; nothing can be noted of that. So messages that come again are taken after the others, in small parts: half a batch the
 * second time, a quarter the third, one message from the eighth on. Parts grow again as long as the invocation lives, so that a
 * backlog after an outage costs seven parts a batch and not a hundred. Their order differs with each delivery, so that each
 * message is at some time before the one at fault; what is acknowledged before the end does not come again.
 *
 * @returns the places of the messages of each part
 */
export function divideBatch(messages: readonly Delivered[]): number[][] {
  const parts: number[][] = [];
  const order = orderOf(messages);
  let size = 0;
  for (let done = 0; done < order.length; ) {
    const attempts = messages[order[done] ?? 0]?.attempts ?? 1;
    size = Math.max(firstSize(attempts), Math.min(2 * size, MAX_BATCH_MESSAGES));
    // Those that come for the first time stay apart from those that may be at fault.
    const more = order.slice(done, done + size).filter((place) => attempts > 1 || messages[place]?.attempts === 1);
    const slices = sliceBatch(more.map((place) => messages[place]?.body));
    const part = (slices[0] ?? []).flatMap((index) => more[index] ?? []);
    parts.push(part);
    done += part.length;
    if (attempts === 1) size = 0;
  }
  return parts;
}

/** How many messages the first part of those that come for the `attempts`th time holds. */
function firstSize(attempts: number): number {
  return Math.max(1, Math.floor(MAX_BATCH_MESSAGES / 2 ** Math.min(attempts - 1, 7)));
}

function orderOf(messages: readonly Delivered[]): number[] {
  return messages
    .map(({ id, attempts }, place) => ({ place, attempts, rank: attempts === 1 ? place : hash48(`${attempts} ${id}`) }))
    .sort((a, b) => a.attempts - b.attempts || a.rank - b.rank || a.place - b.place)
    .map(({ place }) => place);
}
