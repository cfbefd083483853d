import fc from "fast-check";
import * as v from "valibot";
import { describe, expect, it } from "vitest";
import { groupForSending, type PackedMessage, pack, SMALL_BODY_BYTES } from "../../src/ingest/pack";
import { type AcceptedEvent, acceptedEvents, EnvelopeSchema, type PartEnvelope } from "../../src/model/envelope";
import { sessionIdOf, utf8Bytes } from "../../src/model/event/event";
import { eventIdOf } from "../../src/model/event/event-id";
import {
  MAX_MESSAGE_BYTES,
  MAX_MESSAGES_PER_SEND,
  MAX_PART_CHARACTERS,
  MAX_SEND_BYTES,
  MAX_SESSIONS_PER_MESSAGE,
} from "../../src/model/limits";

const RECEIPT = { application: "demo", received_at: 1_609_492_527_243_000 };

const ID = "e2085be5-9137-8e4e-80b5-f1ffddc20000";

function packEvents(events: unknown[]): { accepted: AcceptedEvent[]; messages: PackedMessage[] } {
  const accepted = events.map((event, position) => ({ id: eventIdOf(event, ID, position), position, event }));
  return { accepted, messages: pack({ id: ID, events }, RECEIPT, sizeOf(events)) };
}

function sizeOf(events: readonly unknown[]): number {
  const body = JSON.stringify(events);
  return utf8Bytes(body);
}

it("measures a text event, which is longer as a JSON string than in its body", () => {
  const event = "\u0001".repeat(SMALL_BODY_BYTES - 3);
  const messages = pack({ id: ID, events: [{}, event] }, RECEIPT, SMALL_BODY_BYTES);
  expect(messages.length).toBeGreaterThan(1);
  for (const { envelope } of messages) {
    expect(utf8Bytes(JSON.stringify(envelope))).toBeLessThanOrEqual(MAX_MESSAGE_BYTES);
  }
});

function eventsOf({ envelope }: PackedMessage): AcceptedEvent[] {
  return "oversized" in envelope ? [] : acceptedEvents(envelope);
}

function sessionsOf(message: PackedMessage): Set<string> {
  return new Set(eventsOf(message).flatMap(({ event }) => sessionIdOf(event) ?? []));
}

function partsOf(messages: readonly PackedMessage[]): PartEnvelope["oversized"][] {
  return messages.flatMap(({ envelope }) => ("oversized" in envelope ? [envelope.oversized] : []));
}

function entryBytes(accepted: AcceptedEvent): number {
  return utf8Bytes(JSON.stringify(accepted)) + 1;
}

/** Requests of few and many sessions, with small, large and oversized events, some without a session or not objects. */
const requests = fc
  .record({
    sessions: fc.constantFrom(1, 3, 20, 200),
    largest: fc.constantFrom(100, 3_000, 40_000, 160_000),
    events: fc.array(
      fc.record({
        session: fc.nat(),
        size: fc.nat(160_000),
        fill: fc.constantFrom("x", "é", '"', "\\", "😀", "\u0001"),
        kind: fc.constantFrom("event", "event", "event", "event", "no session", "no object"),
      }),
      { minLength: 1, maxLength: 300, size: "max" },
    ),
  })
  .map(({ sessions, largest, events }) => {
    let budget = 1_000_000;
    return events.flatMap(({ session, size, fill, kind }): unknown[] => {
      const text = fill.repeat((size % largest) / (utf8Bytes(JSON.stringify(fill)) - 2));
      budget -= size % largest;
      if (budget < 0) return [];
      if (kind === "no object") return [text];
      return [kind === "event" ? { session_id: `session ${session % sessions}`, data: { text } } : { data: { text } }];
    });
  })
  .filter((events) => events.length > 0);

function property(check: (packed: ReturnType<typeof packEvents>) => void, seed?: number): void {
  fc.assert(
    fc.property(requests, (events) => check(packEvents(events))),
    { numRuns: 100, ...(seed === undefined ? {} : { seed }) },
  );
}

describe("pack", () => {
  it("is tested with every kind of request: several messages, sessions spread over some, events in pieces", () => {
    const reached = { several: 0, spread: 0, pieces: 0, bounded: 0 };
    property(({ messages }) => {
      const spread = messages.reduce((sum, message) => sum + sessionsOf(message).size, 0);
      if (messages.length > 1) reached.several++;
      if (spread > new Set(messages.flatMap((message) => [...sessionsOf(message)])).size) reached.spread++;
      if (partsOf(messages).length > 0) reached.pieces++;
      if (messages.some((message) => sessionsOf(message).size === MAX_SESSIONS_PER_MESSAGE)) reached.bounded++;
    }, 1);
    for (const times of Object.values(reached)) expect(times).toBeGreaterThan(0);
  });

  it("sends a request unchanged if it fits one message", () => {
    const small = [{ session_id: "s", data: {} }, 5];
    const large = Array.from({ length: 90 }, (_, n) => ({ session_id: `s${n}`, data: { text: "x".repeat(1_200) } }));
    for (const events of [small, large]) {
      const envelope = { v: 1, ...RECEIPT, request: { id: ID, events } };
      expect(packEvents(events).messages.map((message) => message.envelope)).toEqual([envelope]);
    }
  });

  it("loses and duplicates nothing", () => {
    property(({ accepted, messages }) => {
      const whole = messages.flatMap(eventsOf);
      const split = partsOf(messages).filter(({ part }) => part === 0);
      const positions = [...whole, ...split].map(({ position }) => position).toSorted((a, b) => a - b);
      expect(positions).toEqual(accepted.map(({ position }) => position));
      for (const event of whole) expect(event).toEqual(accepted[event.position]);
    });
  });

  it("keeps every limit of a message and produces valid envelopes", () => {
    property(({ messages }) => {
      for (const message of messages) {
        const bytes = utf8Bytes(JSON.stringify(message.envelope));
        expect(bytes).toBeLessThanOrEqual(MAX_MESSAGE_BYTES);
        expect(bytes).toBeLessThanOrEqual(message.bytes);
        expect(sessionsOf(message).size).toBeLessThanOrEqual(MAX_SESSIONS_PER_MESSAGE);
        expect(v.is(EnvelopeSchema, message.envelope)).toBe(true);
      }
    });
  });

  it("keeps a session in as few messages as its bytes need, each in the order of the request", () => {
    property(({ messages }) => {
      const spread = new Map<string, number>();
      const sizes = new Map<string, number>();
      for (const message of messages) {
        for (const session of sessionsOf(message)) spread.set(session, (spread.get(session) ?? 0) + 1);
        const accepted = eventsOf(message);
        const positions = accepted.map(({ position }) => position);
        expect(positions).toEqual(positions.toSorted((a, b) => a - b));
        for (const one of accepted) {
          const session = sessionIdOf(one.event);
          if (session !== null) sizes.set(session, (sizes.get(session) ?? 0) + entryBytes(one));
        }
      }
      for (const [session, count] of spread) {
        const size = sizes.get(session) ?? 0;
        // A session that fits stays whole; otherwise less than half of each message but the last is wasted.
        if (size <= MAX_MESSAGE_BYTES - 200) expect(count).toBe(1);
        else expect(count).toBeLessThanOrEqual(2 * Math.ceil(size / (MAX_MESSAGE_BYTES - 200)));
      }
    });
  });

  it("keeps a session's order if a message has events from before and after a large one", () => {
    const event = (session_id: string, bytes: number) => ({ session_id, data: { text: "x".repeat(bytes) } });
    const large = MAX_MESSAGE_BYTES - 5_000;
    const { messages } = packEvents([event("a", 10_000), event("b", 50_000), event("a", large), event("a", 11_000)]);
    expect(messages.map((message) => eventsOf(message).map(({ position }) => position))).toEqual([[2], [0, 1, 3]]);
  });

  it("makes as few messages as first-fit: no two could be merged", () => {
    property(({ messages }) => {
      const whole = messages.filter(({ envelope }) => !("oversized" in envelope));
      for (const [i, one] of whole.entries()) {
        for (const other of whole.slice(i + 1)) {
          const bytes = [...eventsOf(one), ...eventsOf(other)].reduce(
            (sum, accepted) => sum + entryBytes(accepted),
            200,
          );
          const sessions = sessionsOf(one).size + sessionsOf(other).size;
          expect(bytes > MAX_MESSAGE_BYTES || sessions > MAX_SESSIONS_PER_MESSAGE).toBe(true);
        }
      }
    });
  });

  it("splits an event that fits no message into pieces that join to the exact text", () => {
    property(({ accepted, messages }) => {
      const byPosition = Map.groupBy(partsOf(messages), ({ position }) => position);
      for (const [position, parts] of byPosition) {
        const text = JSON.stringify(accepted[position]?.event);
        expect(parts.map(({ part }) => part)).toEqual(parts.map((_, index) => index));
        expect(parts.map((part) => part.text).join("")).toBe(text);
        for (const part of parts) {
          expect(part).toMatchObject({ id: accepted[position]?.id, bytes: utf8Bytes(text), parts: parts.length });
          expect(part.text.length).toBeLessThanOrEqual(MAX_PART_CHARACTERS);
          expect(part.text.isWellFormed()).toBe(true);
        }
      }
    });
  });

  it("keeps the message limit for the largest bodies that it does not measure", () => {
    const grown: unknown[] = Array(MAX_SESSIONS_PER_MESSAGE).fill({ id: "i".repeat(128), data: Array(3).fill(1e20) });
    const numbers = `[${Array(SMALL_BODY_BYTES / 5 - 1)
      .fill("1e20")
      .join(",")}]`;
    const single: unknown[] = [JSON.parse(numbers)];
    expect(utf8Bytes(numbers)).toBeLessThanOrEqual(SMALL_BODY_BYTES);
    for (const events of [grown, single]) {
      const [message, ...others] = pack({ id: ID, events }, RECEIPT, SMALL_BODY_BYTES);
      expect(others).toEqual([]);
      expect(utf8Bytes(JSON.stringify(message?.envelope))).toBeLessThanOrEqual(MAX_MESSAGE_BYTES);
    }
  });

  it("limits the sessions in a message even if the events are small", () => {
    const { messages } = packEvents(Array.from({ length: 181 }, (_, i) => ({ session_id: `s${i}` })));
    expect(messages).toHaveLength(3);
  });

  it("packs 500 events without a session into one message", () => {
    expect(packEvents(Array(500).fill({ name: "lost" })).messages).toHaveLength(1);
  });

  it("handles deep nesting", () => {
    const deep: unknown = JSON.parse("[".repeat(100_000) + "]".repeat(100_000));
    const { messages } = packEvents([deep]);
    expect(
      partsOf(messages)
        .map(({ text }) => text)
        .join(""),
    ).toHaveLength(200_000);
  });
});

describe("groupForSending", () => {
  it("keeps the limits of a send, loses nothing, and leaves no two sends that could be merged", () => {
    const message = fc
      .nat(MAX_MESSAGE_BYTES)
      .map((bytes): PackedMessage => ({ envelope: { v: 1, ...RECEIPT, events: [] }, bytes }));
    fc.assert(
      fc.property(fc.array(message, { minLength: 1, maxLength: 300 }), (messages) => {
        const groups = groupForSending(messages);
        const size = (group: PackedMessage[]) => group.reduce((sum, { bytes }) => sum + bytes, 0);
        expect(new Set(groups.flat())).toEqual(new Set(messages));
        expect(groups.flat()).toHaveLength(messages.length);
        for (const [i, group] of groups.entries()) {
          expect(group.length).toBeLessThanOrEqual(MAX_MESSAGES_PER_SEND);
          expect(size(group)).toBeLessThanOrEqual(MAX_SEND_BYTES);
          for (const other of groups.slice(i + 1)) {
            const fits =
              size(group) + size(other) <= MAX_SEND_BYTES && group.length + other.length <= MAX_MESSAGES_PER_SEND;
            expect(fits).toBe(false);
          }
        }
      }),
    );
  });
});
