import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { formatTimestamp } from "../../src/model/time";
import {
  decide,
  type FailedEntry,
  type Known,
  readArrivals,
  type StoredEntry,
} from "../../src/pipeline/session-decision";
import type { Arrival, Outcome } from "../../src/pipeline/session-protocol";
import { NO_RULES, rulesOf } from "../../src/rules/rules";
import { SAMPLE_EVENTS } from "./sample-events";

const SESSION = "session";
const SLOT = 900_000_000;
const BASE = 2_000 * SLOT;
const TOLERANCE = 60_000_000;

/** A session without storage: what `decide` says of call after call. */
function newSession() {
  const stored = new Map<string, StoredEntry>();
  const failed = new Map<string, FailedEntry>();
  return {
    stored,
    failed,
    accept(arrivals: Arrival[], tolerance = TOLERANCE): Outcome[] {
      const slots = new Set([...stored.values()].map(({ occurredAt }) => Math.floor(occurredAt / SLOT)));
      const known: Known = { stored, failed, lastSequence: stored.size, isActiveIn: (slot) => slots.has(slot) };
      const decision = decide(readArrivals(SESSION, arrivals), known, {
        futureToleranceMicros: tolerance,
        rulesAt: () => rulesOf(NO_RULES),
      });
      for (const entry of decision.stored) stored.set(entry.id, entry);
      for (const entry of decision.failed) failed.set(entry.errorId, entry);
      expect(decision.outcomes).toHaveLength(arrivals.length);
      return decision.outcomes;
    },
  };
}

function arrival(
  id: string,
  {
    receivedAt = BASE,
    occurredAt = BASE,
    ...members
  }: Record<string, unknown> & { receivedAt?: number; occurredAt?: number } = {},
): Arrival {
  const event = { ...SAMPLE_EVENTS[0], session_id: SESSION, timestamp: formatTimestamp(occurredAt), ...members };
  return { id, application: "shop", receivedAt, text: JSON.stringify(event) };
}

/** Different events of one session: every id and receipt once, few different moments, one in five not valid. */
const anyArrivals = fc
  .array(
    fc.record({
      occurred: fc.integer({ min: 0, max: 3 }),
      micros: fc.integer({ min: 0, max: 1 }),
      bad: fc.integer({ min: 0, max: 4 }),
    }),
    { maxLength: 25 },
  )
  .map((drafts) =>
    drafts.map(({ occurred, micros, bad }, index) =>
      arrival(`id-${index}`, {
        receivedAt: BASE + index,
        occurredAt: BASE - occurred * SLOT + micros,
        ...(bad === 0 ? { data: [index] } : {}),
      }),
    ),
  );

/** The arrivals in any order, some of them again, cut into calls. */
function deliveries(arrivals: Arrival[]): fc.Arbitrary<Arrival[][]> {
  if (arrivals.length === 0) return fc.constant([[], []]);
  return fc
    .tuple(
      fc.shuffledSubarray(arrivals, { minLength: arrivals.length }),
      fc.array(fc.constantFrom(...arrivals), { maxLength: 20 }),
      fc.infiniteStream(fc.nat({ max: 6 })),
    )
    .map(([once, again, sizes]) => {
      const queue = [...once, ...again];
      const calls: Arrival[][] = [];
      while (queue.length > 0) calls.push(queue.splice(0, sizes.next().value ?? 1));
      return calls;
    });
}

const anyDelivery = anyArrivals.chain((arrivals) =>
  fc.record({ arrivals: fc.constant(arrivals), calls: deliveries(arrivals) }),
);

describe("whatever the order, partition and repetition of the deliveries", () => {
  it("each event is stored or failed once, and the stored are numbered from 1 without a gap", () => {
    fc.assert(
      fc.property(anyDelivery, ({ arrivals, calls }) => {
        const session = newSession();
        for (const call of calls) session.accept(call);
        const valid = arrivals.filter(({ text }) => !text.includes('"data":['));
        expect([...session.stored.keys()].sort()).toEqual(valid.map(({ id }) => id).sort());
        expect(session.failed.size).toBe(arrivals.length - valid.length);
        const sequences = [...session.stored.values()].map(({ sequence }) => sequence).sort((a, b) => a - b);
        expect(sequences).toEqual(valid.map((_, index) => index + 1));
      }),
    );
  });

  it("an arrival has the same outcome each time, but for being a duplicate from the second on", () => {
    fc.assert(
      fc.property(anyDelivery, ({ calls }) => {
        const session = newSession();
        const first = new Map<string, Outcome>();
        for (const call of calls) {
          for (const [index, outcome] of session.accept(call).entries()) {
            const id = call[index]?.id ?? "";
            const before = first.get(id);
            if (before === undefined) {
              expect(outcome.duplicate).toBe(false);
              first.set(id, outcome);
            } else expect(outcome).toEqual({ ...before, duplicate: true });
          }
        }
      }),
    );
  });

  it("each slot of activity is opened exactly once", () => {
    fc.assert(
      fc.property(anyDelivery, ({ calls }) => {
        const session = newSession();
        for (const call of calls) session.accept(call);
        const slots = Map.groupBy(session.stored.values(), ({ occurredAt }) => Math.floor(occurredAt / SLOT));
        for (const entries of slots.values()) expect(entries.filter(({ opens }) => opens)).toHaveLength(1);
      }),
    );
  });
});

describe("one call", () => {
  it("numbers its events by occurrence, then receipt", () => {
    fc.assert(
      fc.property(
        anyArrivals.chain((all) => fc.shuffledSubarray(all, { minLength: all.length })),
        (arrivals) => {
          const session = newSession();
          session.accept(arrivals);
          const entries = [...session.stored.values()];
          const inOrder = entries.toSorted((a, b) => a.occurredAt - b.occurredAt || a.receivedAt - b.receivedAt);
          expect(entries.toSorted((a, b) => a.sequence - b.sequence)).toEqual(inOrder);
        },
      ),
    );
  });

  it("without arrivals decides nothing", () => {
    expect(newSession().accept([])).toEqual([]);
  });

  it("takes the earliest received of several with one id for the event, wherever it stands in the call", () => {
    const late = arrival("a", { receivedAt: BASE + 2, data: { v: 2 } });
    const early = arrival("a", { receivedAt: BASE + 1, data: { v: 1 } });
    const outcomes = newSession().accept([late, early]);
    expect(outcomes[1]).toMatchObject({ kind: "stored", sequence: 1, receivedAt: BASE + 1 });
    expect(outcomes[0]).toMatchObject({ kind: "failed", issues: [{ code: "id_conflict", path: "/id" }] });
  });
});

describe("an id that is known", () => {
  it("with the same content is a duplicate under the first receipt and application", () => {
    const session = newSession();
    session.accept([arrival("a")]);
    const again = { ...arrival("a", { receivedAt: BASE + 9 }), application: "other" };
    expect(session.accept([again])).toMatchObject([
      { kind: "stored", receivedAt: BASE, application: "shop", duplicate: true },
    ]);
  });

  it("with other content is a conflict each time, one failure for each content", () => {
    const session = newSession();
    session.accept([arrival("a", { data: { v: 0 } })]);
    const others = [1, 2, 1].map((v) => arrival("a", { data: { v } }));
    const outcomes = session.accept(others);
    expect(outcomes.map(({ kind, duplicate }) => [kind, duplicate])).toEqual([
      ["failed", false],
      ["failed", false],
      ["failed", true],
    ]);
    expect(session.failed.size).toBe(2);
    expect(session.stored.size).toBe(1);
  });

  it("with other content that is not valid has all its issues", () => {
    const session = newSession();
    session.accept([arrival("a")]);
    const [outcome] = session.accept([arrival("a", { data: null, name: "" })]);
    const codes = outcome?.kind === "failed" ? outcome.issues.map(({ code }) => code) : [];
    expect(codes).toEqual(["name_invalid", "data_invalid", "id_conflict"]);
  });

  it("of a failed event may be used again by a valid one", () => {
    const session = newSession();
    session.accept([arrival("a", { data: 7 })]);
    expect(session.accept([arrival("a")])).toMatchObject([{ kind: "stored", sequence: 1 }]);
  });

  it("may be named like a member that every object has", () => {
    const session = newSession();
    for (const id of ["__proto__", "constructor", "toString"]) {
      expect(session.accept([arrival(id)])).toMatchObject([{ kind: "stored", duplicate: false }]);
    }
  });
});

describe("a verdict", () => {
  it("stands when the tolerance changes between two deliveries", () => {
    const session = newSession();
    const ahead = arrival("a", { occurredAt: BASE + 30_000_000 });
    const later = arrival("b", { occurredAt: BASE + 30_000_000 });
    expect(session.accept([ahead], 0)).toMatchObject([{ kind: "failed", duplicate: false }]);
    expect(session.accept([ahead, later], TOLERANCE)).toMatchObject([
      { kind: "failed", duplicate: true },
      { kind: "stored" },
    ]);
    expect(session.accept([later], 0)).toMatchObject([{ kind: "stored", duplicate: true }]);
  });

  it("is reached for whatever an application may send", () => {
    fc.assert(
      fc.property(fc.array(fc.jsonValue()), (values) => {
        const arrivals = values.map(
          (value, index): Arrival => ({
            id: `${index}`,
            application: "shop",
            receivedAt: BASE,
            text: JSON.stringify(value),
          }),
        );
        expect(
          newSession()
            .accept(arrivals)
            .every(({ kind }) => kind === "failed"),
        ).toBe(true);
      }),
    );
    const deep = `{"0":${"[".repeat(15_000)}${"]".repeat(15_000)}}`;
    const text = arrival("a").text.replace(/"data":\{[^}]*\}/, `"data":${deep}`);
    expect(newSession().accept([{ ...arrival("a"), text }])).toMatchObject([{ kind: "stored" }]);
  });
});

describe("a replay of a failure", () => {
  const bad = arrival("a", { data: null });
  const replayed = (changes: Record<string, unknown>): Arrival => ({ ...arrival("a", changes), replayOf: "the error" });

  it("is judged anew, and a late redelivery of what failed changes nothing", () => {
    const session = newSession();
    const [first] = session.accept([bad]);
    expect(session.accept([replayed({ data: {} })])).toMatchObject([{ kind: "stored", sequence: 1, duplicate: false }]);
    expect(session.accept([bad])).toEqual([{ ...first, duplicate: true }]);
    expect(session.stored.size).toBe(1);
  });

  it("that comes again is the same event, and with another content a conflict", () => {
    const session = newSession();
    session.accept([bad]);
    session.accept([replayed({ data: {} })]);
    expect(session.accept([replayed({ data: {} })])).toMatchObject([{ kind: "stored", sequence: 1, duplicate: true }]);
    expect(session.accept([replayed({ data: { other: 1 } })])).toMatchObject([
      { kind: "failed", errorId: "the error", issues: [{ code: "id_conflict" }] },
    ]);
  });

  it("that fails again keeps its error's id, and is not remembered", () => {
    const session = newSession();
    const outcomes = session.accept([replayed({ data: 7 })]);
    expect(outcomes).toMatchObject([{ kind: "failed", errorId: "the error", issues: [{ code: "data_invalid" }] }]);
    expect(session.failed.size).toBe(0);
  });
});
