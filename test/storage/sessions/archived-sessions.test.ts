import { env } from "cloudflare:workers";
import { beforeAll, describe, expect, it } from "vitest";
import { compactStep } from "../../../src/compaction/compact-step";
import { parseValueFilter } from "../../../src/model/event/property-value";
import type { EventKey } from "../../../src/storage/scan/event-order";
import { findActiveSessions } from "../../../src/storage/sessions/active-sessions";
import type { SessionQuestion } from "../../../src/storage/sessions/fill-page";
import { ANY_SESSION, type SessionFilter, type SessionSize } from "../../../src/storage/sessions/session-filter";
import type { EventRow } from "../../../src/storage/write/rows";
import { compactAll, databases, EAGER, emptyEverything, ioWith } from "../../compaction/harness";
import { eventRow, HOUR, inReadingOrder, MINUTE, MORNING, store } from "../seed";

/** Lists of sessions with filters while their events are in the databases, in both, and in the archive: each is the same. */

/** Six hours in partitions of two: sessions of one hour and of several, of two applications and some visitors. */
const EVENTS: EventRow[] = Array.from({ length: 200 }, (_, n) => {
  const hour = n % 6;
  const session = n % 15 === 0 ? `long-${n % 2}` : `session-${(n % 11) + 11 * hour}`;
  return eventRow({
    ...{ session, id: `event-${n}`, application: n % 7 === 0 ? "blog" : "shop" },
    category: n % 9 === 1 ? "shopping" : "page interaction",
    name: `name-${n % 4}`,
    visitor: n % 5 === 0 ? null : `visitor-${n % 13}`,
    occurredAt: MORNING + hour * HOUR + Math.floor(n / 12) * 2 * MINUTE,
    receivedAt: MORNING + 7 * HOUR + (n % 5) * 1_000,
    data: JSON.stringify({ path: n % 3 === 0 ? "/" : `/p/${n % 8}`, price: n % 6 }),
  });
});

const NO_SIZE: SessionSize = { events: { least: null, most: null }, micros: { least: null, most: null } };
const RANGE = { from: MORNING + 30 * MINUTE, to: MORNING + 4.5 * HOUR };

interface Listing {
  filter?: Partial<SessionFilter>;
  size?: SessionSize;
  range?: { from: number | null; to: number | null };
  visible?: string[];
}

const LISTINGS: [string, Listing][] = [
  ["an application", { filter: { applications: ["blog"] } }],
  ["a type", { filter: { category: "shopping", name: "name-2" } }],
  ["a type in a range", { filter: { name: "name-1" }, range: RANGE }],
  ["a visitor", { filter: { visitor: "visitor-3" } }],
  ["a visitor's events of a type, in a range", { filter: { visitor: "visitor-4", name: "name-0" }, range: RANGE }],
  ["a visitor that does not exist", { filter: { visitor: "nobody" } }],
  ["a value of a type", { filter: { category: "page interaction", properties: [property("/p/*")] } }],
  ["at least some events", { size: { ...NO_SIZE, events: { least: 4, most: null } } }],
  ["at most some events, in a range", { size: { ...NO_SIZE, events: { least: null, most: 2 } }, range: RANGE }],
  ["a long time", { size: { ...NO_SIZE, micros: { least: 20 * MINUTE, most: null } } }],
  [
    "a type, of events of an application that the caller sees",
    {
      ...{ filter: { name: "name-3", applications: ["shop"] }, visible: ["shop"] },
      size: { events: { least: 2, most: 5 }, micros: { least: null, most: 30 * MINUTE } },
    },
  ],
];

function property(value: string): SessionFilter["properties"][number] {
  return { property: { name: "path", path: ["path"] }, ...parseValueFilter([value]) };
}

/** All pages, of twenty sessions each. */
async function list({ filter, size, range, visible }: Listing) {
  const asked: Omit<SessionQuestion, "after"> = {
    ...(range ?? { from: null, to: null }),
    filter: { ...ANY_SESSION, ...filter },
    ...{ size: size ?? null, visible: visible ?? null, limit: 20, asOf: Number.MAX_SAFE_INTEGER, withTimes: false },
  };
  const listed: string[] = [];
  let after: EventKey | null = null;
  for (let page = 0; page < 60; page++) {
    const { rows, next, refused } = await findActiveSessions(databases, { ...asked, after }, env.ARCHIVE);
    expect(refused).toBeNull();
    listed.push(...rows.map(({ session, key }) => `${session} ${key.occurredAt}`));
    if (next === null) return listed;
    after = next;
  }
  throw new Error("the list does not end");
}

/** From all events, in the plainest way. */
function naive(events: readonly EventRow[], { filter = {}, size = NO_SIZE, range, visible }: Listing): string[] {
  const inRange = inReadingOrder([...events]).filter(
    ({ occurredAt }) => occurredAt >= (range?.from ?? 0) && occurredAt <= (range?.to ?? Number.MAX_SAFE_INTEGER),
  );
  const matches = ({ application, category, name, visitor, data }: EventRow) =>
    (filter.applications ?? [application]).includes(application) &&
    (filter.category ?? category) === category &&
    (filter.name ?? name) === name &&
    (filter.visitor ?? visitor) === visitor &&
    ((filter.properties ?? []).length === 0 || JSON.parse(data).path.startsWith("/p/"));
  const fits = (session: string) => {
    const own = inRange.filter(
      (row) => row.session === session && (visible ?? [row.application]).includes(row.application),
    );
    const micros = (own.at(-1)?.occurredAt ?? 0) - (own[0]?.occurredAt ?? 0);
    const within = (value: number, { least, most }: SessionSize["events"]) =>
      value >= (least ?? 0) && value <= (most ?? Number.POSITIVE_INFINITY);
    return within(own.length, size.events) && within(micros, size.micros);
  };
  const last = new Map(inRange.filter(matches).map((row) => [row.session, row]));
  return inReadingOrder([...last.values()])
    .toReversed()
    .filter(({ session }) => fits(session))
    .map(({ session, occurredAt }) => `${session} ${occurredAt}`);
}

async function expectLists(events: readonly EventRow[], when: string): Promise<void> {
  for (const [what, listing] of LISTINGS)
    expect(await list(listing), `${what}, ${when}`).toEqual(naive(events, listing));
}

describe("a list of sessions with filters", () => {
  beforeAll(async () => {
    await emptyEverything();
    await store(databases, { events: EVENTS }, 2 * HOUR);
  });

  it("is the same in the databases, in both and in the archive, with late events", {
    timeout: 400_000,
  }, async () => {
    for (const [what, listing] of LISTINGS) {
      const isEmpty = what === "a visitor that does not exist";
      expect(naive(EVENTS, listing).length > 0, what).toBe(!isEmpty);
    }
    await expectLists(EVENTS, "before");
    const world = ioWith({ settings: { ...EAGER, fileLimits: { ...EAGER.fileLimits, groupRows: 10 } } });
    // Two of three partitions are over.
    for (let step = 0; step < 100; step++) {
      const { did } = await compactStep(world, MORNING + 4 * HOUR);
      if (did === "waiting") break;
    }
    await expectLists(EVENTS, "in both");
    await compactAll();
    await expectLists(EVENTS, "at the end");

    const late = [
      eventRow({
        session: "session-14",
        visitor: "visitor-3",
        occurredAt: MORNING + 3 * HOUR + 1,
        data: '{"path":"/p/1"}',
      }),
      eventRow({
        session: "new",
        visitor: "visitor-4",
        name: "name-0",
        occurredAt: MORNING + 2 * HOUR + 7,
        data: '{"path":"/"}',
      }),
    ];
    // Some are sent again, which makes no other event of them.
    await store(databases, { events: [...late, ...EVENTS.slice(40, 50)] }, 2 * HOUR);
    await expectLists([...EVENTS, ...late], "with late events");
    await compactAll();
    await expectLists([...EVENTS, ...late], "when these are archived too");
  });

  it("is refused where nothing names the files, and with the times of sessions", async () => {
    const asked = {
      ...{ from: null, to: null, size: null, visible: null, limit: 10, after: null },
      ...{ asOf: Number.MAX_SAFE_INTEGER, withTimes: false },
    };
    const ask = async (question: Partial<SessionQuestion>) =>
      (await findActiveSessions(databases, { ...asked, filter: ANY_SESSION, ...question }, env.ARCHIVE)).refused;
    expect(await ask({ filter: { ...ANY_SESSION, properties: [property("/")] } })).toBe("cold_scan");
    expect(await ask({ withTimes: true })).toBe("cold_scan");
    expect(await ask({ filter: { ...ANY_SESSION, name: "name-1", properties: [property("/")] } })).toBeNull();
  });

  it("reads no more of the archive than it may", async () => {
    let reads = 0;
    const counted = new Proxy(env.ARCHIVE, {
      get(bucket, member) {
        if (member === "get") reads += 1;
        const value: unknown = Reflect.get(bucket, member);
        return typeof value === "function" ? value.bind(bucket) : value;
      },
    });
    for (const [, { filter, size, range }] of LISTINGS) {
      reads = 0;
      const question = {
        ...(range ?? { from: null, to: null }),
        filter: { ...ANY_SESSION, ...filter },
        ...{ size: size ?? null, visible: null, limit: 1_000, after: null },
        ...{ asOf: Number.MAX_SAFE_INTEGER, withTimes: false },
      };
      await findActiveSessions(databases, question, counted);
      // Six rounds of scanning, and what looks up and measures sessions.
      expect(reads).toBeLessThanOrEqual(6 * 38 + 200);
    }
  });
});
