import type { Micros } from "../../../src/model/time/time";
import type { ArchiveBucket } from "../../../src/storage/archive/archive-bucket";
import type { Database } from "../../../src/storage/core/databases";
import type { EventQuestion } from "../../../src/storage/events/filtered-scan";
import { findEvents } from "../../../src/storage/events/find-events";
import type { EventKey, Order } from "../../../src/storage/scan/event-order";
import { findActiveSessions } from "../../../src/storage/sessions/active-sessions";
import { ANY_SESSION } from "../../../src/storage/sessions/session-filter";
import { identityOf } from "../model/expectations";
import type { EventFound } from "../world/tables";
import type { World } from "../world/world";

/** Few, so that partitions move between the pages. */
const PAGE_SIZE = 4;

/** Somebody who pages through what is stored while it is moved. */
export interface MovingReader {
  isDone: boolean;
  /** Reads the next page. */
  turn(): Promise<void>;
  /**
   * What is wrong with all that was read: something twice, or something missing that was there when the reader began.
   *
   * @param isErased what may be missing, or there anew
   */
  problems(isErased: (row: EventFound) => boolean): string[];
}

type Filter = Pick<EventQuestion, "session" | "category" | "name" | "applications">;

const EVERYTHING: Filter = { session: null, category: null, name: null, applications: null };

/** Where readers read. */
export interface ReadFrom {
  databases: Database[];
  archive: ArchiveBucket;
}

/** @param stored everything that is stored now */
export function startReader(
  { now, random }: Pick<World, "now" | "random">,
  from: ReadFrom,
  sessions: string[],
  stored: readonly EventFound[],
): MovingReader {
  if (random.chance(0.2)) return sessionsReader(now, from, stored);
  const filter = random.pick<Filter>([
    EVERYTHING,
    EVERYTHING,
    { ...EVERYTHING, session: random.pick([sessions[0] ?? "", ...sessions]) },
    { ...EVERYTHING, category: "page interaction" },
    { ...EVERYTHING, name: "cta click" },
    { ...EVERYTHING, applications: ["blog"] },
  ]);
  const order = random.pick<Order>(["asc", "desc"]);
  const limit = random.pick([PAGE_SIZE, PAGE_SIZE, 1_000]);
  const expected = stored.filter(
    (row) =>
      row.session === (filter.session ?? row.session) &&
      row.category === (filter.category ?? row.category) &&
      row.name === (filter.name ?? row.name) &&
      (filter.applications?.includes(row.application) ?? true),
  );
  const found: string[] = [];
  let after: EventKey | null = null;
  const reader: MovingReader = {
    isDone: false,
    async turn() {
      const range = { order, from: null, to: null, after };
      const page = await findEvents(from.databases, { ...filter, range, limit }, from.archive);
      found.push(...page.rows.map(identityOf));
      after = page.next;
      if (after === null) reader.isDone = true;
    },
    problems: (isErased) =>
      differences(
        `events by ${JSON.stringify(filter)} ${order}, ${limit} a page`,
        found,
        expected,
        identityOf,
        isErased,
      ),
  };
  return reader;
}

function sessionsReader(asOf: Micros, from: ReadFrom, stored: readonly EventFound[]): MovingReader {
  const expected = stored.filter(({ receivedAt }) => receivedAt <= asOf);
  const found: string[] = [];
  let after: EventKey | null = null;
  const reader: MovingReader = {
    isDone: false,
    async turn() {
      const any = { filter: ANY_SESSION, size: null, visible: null };
      const question = { from: null, to: null, ...any, limit: 2, after, asOf, withTimes: false };
      const page = await findActiveSessions(from.databases, question, from.archive);
      found.push(...page.rows.map(({ session }) => session));
      after = page.next;
      if (after === null) reader.isDone = true;
    },
    problems: (isErased) => differences("the list of sessions", found, expected, ({ session }) => session, isErased),
  };
  return reader;
}

function differences(
  what: string,
  found: readonly string[],
  expected: readonly EventFound[],
  nameOf: (row: EventFound) => string,
  isErased: (row: EventFound) => boolean,
): string[] {
  const again = new Set(expected.filter(isErased).map(nameOf));
  const seen = new Set(found);
  const twice = [...seen].filter((name) => !again.has(name) && found.indexOf(name) !== found.lastIndexOf(name));
  const missing = new Set(expected.filter((row) => !isErased(row)).map(nameOf));
  return [
    ...twice.map((name) => `${what}: ${name} was read twice`),
    ...[...missing].filter((name) => !seen.has(name)).map((name) => `${what}: ${name} was not read`),
  ];
}
