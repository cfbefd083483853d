import { describe, expect, it } from "vitest";
import type { CallSession } from "../../../src/pipeline/call-sessions";
import { consume } from "../../../src/pipeline/consumer";
import { consumeDeadLetters } from "../../../src/pipeline/dead-letters";
import type { Pipeline } from "../../../src/pipeline/process-batch";
import type { Write } from "../../../src/pipeline/write-groups";
import { writeBatch } from "../../../src/storage/write/write-batch";
import { allEvents, callSession, envelopeOf, eventOf, pipelineWith, storedErrors } from "../harness";
import { RECEIVED_AT } from "../sample-events";

/** A message in a queue of the test. */
interface Queued {
  id: string;
  body: unknown;
  attempts: number;
}

/** A queue whose consumer may be ended within a batch, as when it runs out of CPU time or memory. */
class EndingQueue {
  readonly pending: Queued[] = [];
  deliveries = 0;
  endings = 0;

  /** @param keepsAcks whether acknowledgements before the crash count; the platform does not specify it */
  constructor(
    readonly batchSize: number,
    readonly keepsAcks: boolean,
  ) {}

  send(body: unknown): void {
    this.pending.push({ id: `${this.batchSize}-${this.deliveries}-${this.pending.length}`, body, attempts: 0 });
  }

  /** Delivers one batch. @returns whether the invocation finished */
  async deliver(invocation: (batch: MessageBatch<unknown>, end: () => void) => Promise<void>): Promise<void> {
    this.deliveries += 1;
    const batch = this.pending.slice(0, this.batchSize);
    const acked = new Set<string>();
    let isOver = false;
    const messages = batch.map((message) => {
      message.attempts += 1;
      return {
        ...{ id: message.id, body: message.body, attempts: message.attempts, metadata: {} },
        timestamp: new Date(RECEIVED_AT / 1_000),
        ack: () => void (isOver || acked.add(message.id)),
        retry: () => {},
      };
    });
    const metadata = { metrics: { backlogCount: 0, backlogBytes: 0 } };
    const ended = await new Promise<boolean>((resolve, reject) => {
      const run = invocation(
        { queue: "the-eye-events", metadata, messages, ackAll: () => {}, retryAll: () => {} },
        () => {
          isOver = true;
          resolve(true);
        },
      );
      run.then(() => resolve(false), reject);
    });
    if (ended) this.endings += 1;
    if (ended && !this.keepsAcks) return;
    for (const id of acked)
      this.pending.splice(
        this.pending.findIndex((message) => message.id === id),
        1,
      );
  }
}

const KILLER = "killer";

/** Where an invocation may crash: in the call of a session, or in the write. */
const endings: Record<string, (end: () => void) => Partial<Pipeline>> = {
  "while a session is called": (end) => {
    const call: CallSession = (session, own) => (session.startsWith(KILLER) ? never(end) : callSession(session, own));
    return { callSession: call };
  },
  "while its rows are written": (end) => {
    const write: Write = (database, rows, mayHold) => {
      const isAtFault = rows.events.some((lane) => lane.rows.some(({ session }) => session.startsWith(KILLER)));
      return isAtFault ? never(end) : writeBatch(database, rows, mayHold);
    };
    return { write };
  },
};

function never(end: () => void): Promise<never> {
  end();
  return new Promise(() => {});
}

describe.each([true, false])(
  "a message that crashes every invocation that processes it (earlier acknowledgements count: %s)",
  (keepsAcks) => {
    it.each(Object.keys(endings))(
      "%s is isolated and becomes errors; its neighbours are stored",
      async (where) => {
        const prefix = `${keepsAcks}-${where.length}`;
        const events = new EndingQueue(100, keepsAcks);
        const deadLetters = new EndingQueue(100, keepsAcks);
        const name = (n: number) => `${prefix}-neighbour-${n}`;
        const killer = `${KILLER}-${prefix}`;
        for (let n = 0; n < 9; n++) {
          events.send(
            envelopeOf([
              [name(n), eventOf(name(n))],
              [`${name(n)}-bad`, eventOf(name(n), { data: 7 })],
            ]),
          );
          if (n === 4) {
            events.send(
              envelopeOf([
                [`${prefix}-k1`, eventOf(killer)],
                [`${prefix}-k2`, eventOf("null", { data: null })],
              ]),
            );
          }
        }
        const pipeline = (end: () => void) =>
          pipelineWith({ ...endings[where]?.(end), sendDeadLetter: async (body) => deadLetters.send(body) });
        const stored = async () => (await allEvents()).filter(({ session }) => session.startsWith(prefix));

        let untilStored = 0;
        while (events.pending.length > 0) {
          await events.deliver((batch, end) => consume(batch, pipeline(end)));
          if (untilStored === 0 && (await stored()).length === 9) untilStored = events.deliveries;
          expect(events.deliveries).toBeLessThan(40);
        }
        while (deadLetters.pending.length > 0) {
          await deadLetters.deliver((batch, end) => consumeDeadLetters(batch, pipeline(end)));
          expect(deadLetters.deliveries).toBeLessThan(40);
        }

        expect(events.endings).toBe(33);
        expect(untilStored).toBeLessThan(15);
        expect((await stored()).map(({ id }) => id).toSorted()).toEqual([...Array(9).keys()].map(name));
        const ids = [...Array(9).keys()].map((n) => `${name(n)}-bad`);
        const failed = await storedErrors([...ids, `${prefix}-k1`]);
        expect(failed.map(({ event_id, codes }) => `${event_id} ${codes.join()}`).toSorted()).toEqual(
          [...ids.map((id) => `${id} data_invalid`), `${prefix}-k1 delivery_failed`].toSorted(),
        );
        // Without a session it may be written, or marked undeliverable with its message.
        expect(await storedErrors([`${prefix}-k2`])).toHaveLength(1);
        expect(failed.find(({ event_id }) => event_id === `${prefix}-k1`)?.content).toBe(
          JSON.stringify(eventOf(killer)),
        );
      },
      120_000,
    );
  },
);

it("only the event that exhausts its session's object becomes an error; the others of its message are stored", async () => {
  const exhausting: CallSession = (session, call) =>
    call.incomingEvents.some(({ text }) => text.includes("heavy"))
      ? Promise.reject(new Error("Durable Object exceeded its CPU time limit and was reset."))
      : callSession(session, call);
  const body = envelopeOf(
    Array.from({ length: 20 }, (_, n): [string, unknown] => [
      `x${n}`,
      eventOf("exhausted", n === 13 ? { data: { heavy: 1 } } : {}),
    ]),
  );
  const events = new EndingQueue(100, true);
  const deadLetters = new EndingQueue(100, true);
  const pipeline = pipelineWith({ callSession: exhausting, sendDeadLetter: async (sent) => deadLetters.send(sent) });
  events.send(body);
  await events.deliver((batch) => consume(batch, pipeline));
  expect((await allEvents()).filter(({ session }) => session === "exhausted")).toHaveLength(19);
  while (events.pending.length > 0) await events.deliver((batch) => consume(batch, pipeline));
  while (deadLetters.pending.length > 0) await deadLetters.deliver((batch) => consumeDeadLetters(batch, pipeline));
  expect([events.deliveries, deadLetters.deliveries]).toEqual([10, 3]);
  expect((await allEvents()).filter(({ session }) => session === "exhausted")).toHaveLength(19);
  expect(await storedErrors(["x13"])).toMatchObject([{ codes: ["delivery_failed"] }]);
});
