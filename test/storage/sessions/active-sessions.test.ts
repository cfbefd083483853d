import { env } from "cloudflare:workers";
import fc from "fast-check";
import { beforeEach, describe, expect, it } from "vitest";
import { parseValueFilter } from "../../../src/model/event/property-value";
import { databasesOf } from "../../../src/storage/core/databases";
import { sealPartition } from "../../../src/storage/partitions/partition-lifecycle";
import type { EventKey } from "../../../src/storage/scan/event-order";
import { findActiveSessions } from "../../../src/storage/sessions/active-sessions";
import type { SessionQuestion } from "../../../src/storage/sessions/fill-page";
import { ANY_SESSION, type SessionFilter, type SessionSize } from "../../../src/storage/sessions/session-filter";
import type { EventRow } from "../../../src/storage/write/rows";
import { emptyDatabases } from "../empty-databases";
import { eventRow, HOUR, inReadingOrder, MINUTE, MORNING, partitionsOf, SECOND, store } from "../seed";

const databases = databasesOf(env);

const NARROW = 30 * MINUTE;

beforeEach(() => emptyDatabases(databases));

const always: SessionQuestion = {
  ...{ from: null, to: null, limit: 3, after: null },
  ...{ filter: ANY_SESSION, size: null, visible: null, asOf: Number.MAX_SAFE_INTEGER, withTimes: false },
};

async function scan(question: SessionQuestion, between?: () => Promise<void>): Promise<string[]> {
  const names: string[] = [];
  let after: EventKey | null = null;
  for (let pages = 0; pages < 500; pages++) {
    const { rows, next } = await findActiveSessions(databases, { ...question, after });
    expect(rows.length).toBeLessThanOrEqual(question.limit);
    names.push(...rows.map(({ session, key }) => `${session} ${key.occurredAt}`));
    if (next === null) return names;
    after = next;
    await between?.();
  }
  throw new Error("The scan does not end.");
}

/** The sessions with a known event in the range that matches, by the last of these: from all events, in the plainest way. */
function expected(rows: EventRow[], { from, to, asOf, filter, size, visible }: SessionQuestion): string[] {
  const known = rows.filter(
    ({ occurredAt, receivedAt }) =>
      occurredAt >= (from ?? 0) && occurredAt <= (to ?? Number.MAX_SAFE_INTEGER) && receivedAt <= asOf,
  );
  const last = new Map<string, number>();
  for (const row of inReadingOrder(known).reverse()) {
    if (!last.has(row.session) && matches(row, filter)) last.set(row.session, row.occurredAt);
  }
  const isOfSize = (session: string) => {
    const moments = known
      .filter((row) => row.session === session && (visible?.includes(row.application) ?? true))
      .map(({ occurredAt }) => occurredAt);
    const micros = Math.max(...moments) - Math.min(...moments);
    const isWithin = (value: number, { least, most }: SessionSize["events"]) =>
      value >= (least ?? value) && value <= (most ?? value);
    return size === null || (isWithin(moments.length, size.events) && isWithin(micros, size.micros));
  };
  return [...last].filter(([session]) => isOfSize(session)).map(([session, occurredAt]) => `${session} ${occurredAt}`);
}

function matches(row: EventRow, { category, name, applications, properties, visitor }: SessionFilter): boolean {
  return (
    (category ?? row.category) === row.category &&
    (name ?? row.name) === row.name &&
    (applications?.includes(row.application) ?? true) &&
    (visitor ?? row.visitor) === row.visitor &&
    properties.every(({ property, any, none }) => {
      const value: unknown = JSON.parse(row.data)[property.name];
      const passes = ({ kind, text }: { kind: "is" | "begins"; text: string }) =>
        typeof value !== "object" &&
        value !== undefined &&
        (kind === "is" ? `${value}` === text : `${value}`.startsWith(text));
      return (any.length === 0 || any.some(passes)) && !none.some(passes);
    })
  );
}

/** One of them is so long that it is read apart from its event. */
const PAYLOADS = [
  ...["{}", '{"path":"/"}', '{"path":"/blog/a"}', '{"path":404}', '{"path":4.0}', '{"path":1.50}'],
  ...['{"path":true}', '{"path":null}', '{"path":["/"]}', JSON.stringify({ path: "/blog/é", more: "x".repeat(6_000) })],
];

/** Events of a few sessions over three hours, many with the same timestamp, some received much later. */
const anyRow = fc
  .record({
    session: fc.oneof(
      fc.integer({ min: 0, max: 25 }).map((n) => `s${n}`),
      fc.constantFrom("always here"),
    ),
    minute: fc.constantFrom(...[-700_000, 0, 1, 14, 15, 29, 30, 31, 59, 60, 75, 119, 120, 179]),
    rest: fc.constantFrom(0, 1, 4 * SECOND, 8 * SECOND),
    delay: fc.constantFrom(0, 1_000, 2 * HOUR),
    application: fc.constantFrom("shop", "shop", "blog", "forum"),
    category: fc.constantFrom("page interaction", "page interaction", "form"),
    name: fc.constantFrom("pageview", "submit"),
    visitor: fc.constantFrom(null, null, "v1", "v2"),
    data: fc.constantFrom(...PAYLOADS),
  })
  .map(({ minute, rest, delay, ...row }) => {
    const occurredAt = MORNING + minute * MINUTE + rest;
    return { ...row, occurredAt, receivedAt: occurredAt + delay };
  });

function pathIs(...values: string[]) {
  return [{ property: { name: "path", path: ["path"] }, ...parseValueFilter(values) }];
}

const anyFilter = fc.record({
  category: fc.constantFrom(null, null, "form", "page interaction", "none"),
  name: fc.constantFrom(null, null, "submit"),
  applications: fc.option(fc.constantFrom(["shop"], ["blog"], ["blog", "forum"], ["nobody"])),
  properties: fc.constantFrom(
    [],
    [],
    ...[["/blog/*"], ["404"], ["4*"], ["1.5"], ["true"], ["not:/*"], ["/", "t*"]].map((values) => pathIs(...values)),
  ),
  visitor: fc.constantFrom(null, null, "v1", "v3"),
});

const anyWithin = (...steps: number[]) =>
  fc.record({ least: fc.option(fc.constantFrom(...steps)), most: fc.option(fc.constantFrom(...steps)) });

const anySize = fc.record({ events: anyWithin(1, 2, 4, 7), micros: anyWithin(0, 1, 30 * MINUTE, 2 * HOUR) });

const anyQuestion = fc.record({
  from: fc.option(fc.constantFrom(MORNING, MORNING + 15 * MINUTE, MORNING + 31 * MINUTE + 1)),
  to: fc.option(fc.constantFrom(MORNING + 59 * MINUTE, MORNING + 75 * MINUTE + 4 * SECOND, MORNING + 119 * MINUTE)),
  filter: fc.oneof(fc.constant(ANY_SESSION), anyFilter, anyFilter),
  size: fc.option(anySize),
  visible: fc.option(fc.constantFrom(["shop"], ["blog", "forum"])),
  limit: fc.constantFrom(1, 2, 5, 50),
  after: fc.constant(null),
  asOf: fc.constantFrom(Number.MAX_SAFE_INTEGER, MORNING + 70 * MINUTE, MORNING + 130 * MINUTE),
  withTimes: fc.constant(false),
});

function sample(numRuns: number, seed: number): EventRow[] {
  return fc.sample(anyRow, { numRuns, seed }).map((row) => eventRow(row));
}

describe("findActiveSessions", { timeout: 120_000 }, () => {
  it("lists each session with an event in the range once, by its last event in it", async () => {
    const early = sample(150, 1);
    await store(databases, { events: early }, NARROW);
    const partition = (await partitionsOf(databases).latest()).find(MORNING + 30 * MINUTE);
    if (partition === null) throw new Error("The morning has no partition.");
    await sealPartition(databases, partition);
    const late = sample(40, 2);
    await store(databases, { events: late }, NARROW);
    const rows = [...early, ...late];
    await fc.assert(
      fc.asyncProperty(anyQuestion, async (question) => {
        // Events of other applications are not there for who sees some alone.
        const { visible, filter } = question;
        const own = visible === null ? question : { ...question, filter: { ...filter, applications: visible } };
        expect(await scan(own)).toEqual(expected(rows, own));
      }),
      { numRuns: 80, seed: 3 },
    );
  });

  it("continues if the events belong to few sessions", async () => {
    const rows = [
      ...Array.from({ length: 9 }, (_, n) => eventRow({ session: `early ${n}`, occurredAt: MORNING - n })),
      ...Array.from({ length: 6_000 }, (_, n) => eventRow({ session: `busy ${n % 3}`, occurredAt: MORNING + n })),
    ];
    await store(databases, { events: rows });
    const { rows: page, next } = await findActiveSessions(databases, { ...always, limit: 5 });
    expect(page.length).toBe(3);
    expect(next).not.toBeNull();
    expect(await scan({ ...always, limit: 5 })).toEqual(expected(rows, always));
  });

  it("neither repeats nor skips a session that gets events between the pages", async () => {
    const rows = Array.from({ length: 12 }, (_, n) =>
      eventRow({ session: `s${n}`, occurredAt: MORNING + n * 20 * MINUTE }),
    );
    await store(databases, { events: rows }, NARROW);
    const asOf = MORNING + 12 * 20 * MINUTE;
    let later = asOf;
    const names = await scan({ ...always, asOf }, async () => {
      later += 20 * MINUTE;
      const arrived = rows.map(({ session }) => eventRow({ session, occurredAt: later }));
      await store(databases, { events: arrived }, NARROW);
    });
    expect(names).toEqual(expected(rows, always));
  });

  it("returns the first and the last event of the whole session, regardless of the range", async () => {
    const moments = [0, 10, 40, 90].map((n) => MORNING + n * MINUTE);
    await store(databases, { events: moments.map((occurredAt) => eventRow({ occurredAt })) }, NARROW);
    const { rows } = await findActiveSessions(databases, {
      ...always,
      from: MORNING + 35 * MINUTE,
      to: MORNING + 45 * MINUTE,
      withTimes: true,
    });
    const times = { firstEventAt: moments[0], lastEventAt: moments[3] };
    expect(rows).toMatchObject([{ session: "session", key: { occurredAt: moments[2] }, times }]);
  });

  it("returns no times if they are not requested", async () => {
    await store(databases, { events: [eventRow({ occurredAt: MORNING })] });
    const { rows } = await findActiveSessions(databases, always);
    expect(rows).toMatchObject([{ session: "session", times: null }]);
  });
});
