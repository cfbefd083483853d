import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { formatTimestamp } from "../../src/model/time/time";
import { NO_RULES, type RuleSet } from "../../src/rules/rules";
import { decide, identityIn, occurrenceIn, type Terms } from "../../src/session/decide";
import type { IncomingEvent, PlacedOutcome } from "../../src/session/session-protocol";

const SECOND = 1_000_000;
const BASE = 1_609_492_500 * SECOND;
const TERMS: Terms = { epochs: [{ since: 0, rules: NO_RULES }], futureToleranceMicros: 60 * SECOND };

interface Draft extends Record<string, unknown> {
  receivedAt?: number;
  occurredAt?: number;
}

function incoming(id: string, { receivedAt = BASE, occurredAt = BASE, ...members }: Draft = {}): IncomingEvent {
  const timestamp = formatTimestamp(occurredAt);
  const event = { session_id: "s", category: "page", name: "view", data: {}, timestamp, ...members };
  return { id, application: "shop", receivedAt, text: JSON.stringify(event) };
}

/** The outcomes in the order of their incoming events. */
function outcomesOf(incomingEvents: IncomingEvent[], terms: Partial<Terms> = {}): PlacedOutcome[] {
  return decide(incomingEvents, { ...TERMS, ...terms }).toSorted((a, b) => a.place - b.place);
}

const kindsOf = (incomingEvents: IncomingEvent[]) => outcomesOf(incomingEvents).map(({ kind }) => kind);

/** Incoming events of a few identities and contents, each with its own receipt, one in five invalid. */
const anyIncomingEvents = fc
  .array(
    fc.record({
      id: fc.constantFrom("a", "b", "c"),
      occurred: fc.nat({ max: 2 }),
      content: fc.nat({ max: 2 }),
      isBad: fc.nat({ max: 4 }).map((n) => n === 0),
    }),
    { maxLength: 25 },
  )
  .map((drafts) =>
    drafts.map(({ id, occurred, content, isBad }, n) =>
      incoming(id, { receivedAt: BASE + n, occurredAt: BASE - occurred, data: isBad ? [n] : { content } }),
    ),
  );

const anyShuffle = anyIncomingEvents.chain((incomingEvents) =>
  fc.record({
    incomingEvents: fc.constant(incomingEvents),
    shuffled: fc.shuffledSubarray(incomingEvents, { minLength: incomingEvents.length }),
  }),
);

describe("decide", () => {
  it("gives each incoming event one outcome", () => {
    fc.assert(
      fc.property(anyIncomingEvents, (incomingEvents) => {
        expect(outcomesOf(incomingEvents).map(({ place }) => place)).toEqual(incomingEvents.map((_, place) => place));
      }),
    );
    expect(decide([], TERMS)).toEqual([]);
  });

  it("puts valid events first, by timestamp and then by receipt", () => {
    fc.assert(
      fc.property(anyShuffle, ({ shuffled }) => {
        const outcomes = decide(shuffled, TERMS);
        const valid = outcomes.filter((outcome) => outcome.kind === "valid");
        expect(outcomes.slice(0, valid.length)).toEqual(valid);
        const inOrder = valid.toSorted(
          (a, b) =>
            a.occurredAt - b.occurredAt || (shuffled[a.place]?.receivedAt ?? 0) - (shuffled[b.place]?.receivedAt ?? 0),
        );
        expect(valid).toEqual(inOrder);
      }),
    );
  });

  it("keeps the order of the call if timestamp and receipt are equal", () => {
    const outcomes = decide([incoming("b"), incoming("a"), incoming("c")], TERMS);
    expect(outcomes.map(({ place }) => place)).toEqual([0, 1, 2]);
  });

  it("does not depend on the order of the incoming events in the call", () => {
    fc.assert(
      fc.property(anyShuffle, ({ incomingEvents, shuffled }) => {
        const byReceipt = (own: IncomingEvent[]) =>
          new Map(outcomesOf(own).map(({ place, ...outcome }) => [own[place]?.receivedAt, outcome]));
        expect(byReceipt(shuffled)).toEqual(byReceipt(incomingEvents));
      }),
    );
  });

  it("keeps the first received event of each identity and content and makes every other one a copy", () => {
    fc.assert(
      fc.property(anyShuffle, ({ shuffled }) => {
        const outcomes = outcomesOf(shuffled);
        const valid = shuffled.filter(({ text }) => !text.includes('"data":['));
        for (const same of Map.groupBy(valid, ({ id, text }) => `${id} ${text}`).values()) {
          const [first] = same.toSorted((a, b) => a.receivedAt - b.receivedAt);
          for (const one of same) {
            expect(outcomes[shuffled.indexOf(one)]?.kind).toBe(one === first ? "valid" : "copy");
          }
        }
      }),
    );
  });

  it("marks only the first received content of an identity as new", () => {
    const contents = [3, 1, 2].map((n) => incoming("a", { receivedAt: BASE + n, data: { n } }));
    expect(outcomesOf(contents)).toMatchObject([
      { kind: "valid", isNew: false },
      { kind: "valid", isNew: true },
      { kind: "valid", isNew: false },
    ]);
  });
});

describe("the same event", () => {
  it("may have its members in another order and its timestamp in another form", () => {
    const text = '{"data":{"b":1,"a":[2]},"timestamp":1609492500,"name":"view","category":"page","session_id":"s"}';
    expect(kindsOf([incoming("a", { data: { a: [2], b: 1 } }), { ...incoming("a"), text }])).toEqual(["valid", "copy"]);
  });

  it.each([
    ["context", { context: { sent_at: 2 } }],
    ["visitor", { visitor_id: "v2" }],
    ["members that the format does not name", { sentAt: 2 }],
  ])("may have another %s, since SDKs change it with every retry", (_, changes) => {
    const first = incoming("a", { context: { sent_at: 1 }, visitor_id: "v1", sentAt: 1 });
    expect(kindsOf([first, incoming("a", changes)])).toEqual(["valid", "copy"]);
  });

  it("may come from another application", () => {
    expect(kindsOf([incoming("a"), { ...incoming("a"), application: "blog" }])).toEqual(["valid", "copy"]);
  });

  it.each([
    ["category", { category: "form" }],
    ["name", { name: "click" }],
    ["data", { data: { v: 1 } }],
  ])("cannot have another %s", (_, changes) => {
    expect(kindsOf([incoming("a"), incoming("a", changes)])).toEqual(["valid", "valid"]);
  });

  it("cannot have another timestamp: each timestamp with the same id is its own event", () => {
    const outcomes = outcomesOf([incoming("a"), incoming("a", { occurredAt: BASE - 1 })]);
    expect(outcomes).toMatchObject([
      { kind: "valid", isNew: true },
      { kind: "valid", isNew: true },
    ]);
  });

  it("may have an id named like a member of every JavaScript object", () => {
    const ids = ["__proto__", "constructor", "toString", "__proto__"];
    expect(kindsOf(ids.map((id) => incoming(id)))).toEqual(["valid", "valid", "valid", "copy"]);
  });
});

describe("an event that fails", () => {
  it("does not conflict with a valid one that has the same id", () => {
    const outcomes = outcomesOf([incoming("a", { data: 7 }), incoming("a", { receivedAt: BASE + 1 })]);
    expect(outcomes).toMatchObject([{ kind: "failed" }, { kind: "valid", isNew: true }]);
  });

  it("keeps its time if that can be read and does not lie in the future", () => {
    const soon = BASE + 60 * SECOND;
    const outcomes = outcomesOf([
      incoming("a", { data: null }),
      incoming("b", { timestamp: "never" }),
      incoming("c", { occurredAt: soon }),
      incoming("d", { occurredAt: soon + 1 }),
      incoming("e", { occurredAt: soon + 1, receivedAt: BASE + 1 }),
    ]);
    expect(outcomes).toMatchObject([
      { kind: "failed", occurredAt: BASE, issues: [{ code: "data_invalid" }] },
      { kind: "failed", occurredAt: null, issues: [{ code: "timestamp_invalid" }] },
      { kind: "valid", occurredAt: soon },
      { kind: "failed", occurredAt: null, issues: [{ code: "timestamp_in_future" }] },
      { kind: "valid", occurredAt: soon + 1 },
    ]);
  });

  it("has all its issues", () => {
    const [outcome] = outcomesOf([incoming("a", { data: null, name: "", timestamp: "never" })]);
    const codes = outcome?.kind === "failed" ? outcome.issues.map(({ code }) => code) : [];
    expect(codes.toSorted()).toEqual(["data_invalid", "name_invalid", "timestamp_invalid"]);
  });

  it("may be any other JSON value", () => {
    fc.assert(
      fc.property(fc.array(fc.jsonValue()), (values) => {
        const incomingEvents = values.map((value, n) => ({ ...incoming(`${n}`), text: JSON.stringify(value) }));
        expect(outcomesOf(incomingEvents).every(({ kind }) => kind === "failed")).toBe(true);
      }),
    );
  });
});

it("decide handles a payload nested as deeply as JSON.parse accepts", () => {
  const deep = `{"0":${"[".repeat(7_000)}${"]".repeat(7_000)}}`;
  const text = incoming("a").text.replace('"data":{}', `"data":${deep}`);
  expect(
    kindsOf([
      { ...incoming("a"), text },
      { ...incoming("a"), text },
    ]),
  ).toEqual(["valid", "copy"]);
});

describe("the rules", () => {
  const schema = JSON.stringify({ required: ["path"], properties: { items: { items: { type: "string" } } } });
  const requiring = (mode: "enforce" | "shadow"): RuleSet => ({
    unregistered: "accept",
    types: [{ category: "page", name: "view", version: 3, mode: "accept", schema_mode: mode, schema }],
  });

  it("in report-only mode mark an event, with each different path once", () => {
    const epochs = [{ since: 0, rules: requiring("shadow") }];
    const [bad, good] = outcomesOf(
      [incoming("a", { data: { items: [1, 2] } }), incoming("b", { data: { path: "/" } })],
      {
        epochs,
      },
    );
    expect(bad).toMatchObject({ kind: "valid", shadow: { version: 3 } });
    const paths = bad?.kind === "valid" ? (bad.shadow?.paths ?? []) : [];
    expect(paths.toSorted()).toEqual(["/data", "/data/items/*"]);
    expect(good).not.toHaveProperty("shadow");
  });

  it("are those in force at the event's own receipt", () => {
    const epochs = [
      { since: 0, rules: NO_RULES },
      { since: BASE + 10, rules: requiring("enforce") },
    ];
    const incomingEvents = [9, 10, 11].map((after) => incoming(`${after}`, { receivedAt: BASE + after }));
    expect(outcomesOf(incomingEvents, { epochs }).map(({ kind }) => kind)).toEqual(["valid", "failed", "failed"]);
  });
});

it("an identity tells its timestamp to whoever has the id", () => {
  fc.assert(
    fc.property(
      fc.maxSafeInteger(),
      fc.string({ minLength: 1 }),
      fc.string({ minLength: 1 }),
      (occurredAt, id, other) => {
        const identity = identityIn({ occurredAt, id });
        expect(occurrenceIn(identity, id)).toBe(occurredAt);
        if (other !== id) expect(occurrenceIn(identity, other)).toBeNull();
      },
    ),
  );
});
