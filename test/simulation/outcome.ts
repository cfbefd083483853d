import type { Database } from "../../src/storage/databases";
import { unpackId } from "../../src/storage/packed-id";
import type { Submission, Traffic } from "./traffic";

interface EventFound {
  session: string;
  id: string;
  sequence: number;
  application: string;
  category: string;
  name: string;
  occurred_at: number;
  received_at: number;
  opens: number;
  data: string;
}

interface ErrorFound {
  session_id: string;
  event_id: string;
  content: string;
  issues: string;
}

const EVENTS = `
SELECT iif(typeof(session_id) = 'blob', 'x' || lower(hex(session_id)), 't' || session_id) AS session,
  iif(typeof(id) = 'blob', 'x' || lower(hex(id)), 't' || id) AS id, sequence, application, category, name, occurred_at,
  occurred_at + received_after AS received_at, opens, data
FROM events JOIN series USING (series_id) JOIN categories ON categories.category_id = series.category_id
WHERE application IN (SELECT value FROM json_each(?1))
ORDER BY occurred_at, received_after, session_id, sequence`;

const ERRORS = `
SELECT session_id, event_id, content, issues FROM errors WHERE application IN (SELECT value FROM json_each(?1))`;

const COUNTS = `
SELECT seconds, application, category, name, bucket, events
FROM counts JOIN series USING (series_id) JOIN categories ON categories.category_id = series.category_id
WHERE application IN (SELECT value FROM json_each(?1))`;

/** Compares what the databases hold with what a simple model says of the traffic. Returns every difference in words. */
export async function differences(traffic: Traffic, databases: Database[]): Promise<string[]> {
  const applications = JSON.stringify(traffic.applications);
  const found: EventFound[] = [];
  const errors: ErrorFound[] = [];
  const counts = new Map<string, number>();
  const homes = new Map<string, Set<number>>();
  for (const { index, binding } of databases) {
    const events = await binding.prepare(EVENTS).bind(applications).all<EventFound>();
    for (const row of events.results) {
      found.push({ ...row, session: unpackId(row.session), id: unpackId(row.id) });
      homes.set(row.session, (homes.get(row.session) ?? new Set()).add(index));
    }
    errors.push(...(await binding.prepare(ERRORS).bind(applications).all<ErrorFound>()).results);
    const rows = await binding.prepare(COUNTS).bind(applications).all<Record<string, string | number>>();
    for (const { events: n, ...cell } of rows.results) add(counts, JSON.stringify(Object.values(cell)), Number(n));
  }
  const problems = [...homes]
    .filter(([, where]) => where.size > 1)
    .map(([session]) => `${session} lives in two databases`);
  return [
    ...problems,
    ...traffic.sessions.flatMap((session) => checkSession(session, traffic, found, errors)),
    ...checkCounts(found, counts),
  ];
}

function checkSession(session: string, traffic: Traffic, allEvents: EventFound[], allErrors: ErrorFound[]): string[] {
  const problems: string[] = [];
  const sent = traffic.submissions.filter((submission) => submission.session === session);
  const events = allEvents.filter((row) => row.session === session);
  const errors = allErrors.filter((row) => row.session_id === session);

  for (const [id, submissions] of Map.groupBy(sent, (submission) => submission.id)) {
    const contents = Map.groupBy(submissions, ({ event }) => JSON.stringify(event.data) + String(event.timestamp));
    const valid = [...contents.values()].filter(([first]) => first?.codes.length === 0);
    const stored = events.filter((row) => row.id === id);
    const expected = valid.length === 0 ? 0 : 1;
    if (stored.length !== expected)
      problems.push(`${session} ${id}: stored ${stored.length} times, expected ${expected}`);
    const failures = errors.filter((row) => row.event_id === id);
    const expectedFailures = contents.size - expected;
    if (failures.length !== expectedFailures) {
      problems.push(`${session} ${id}: ${failures.length} error rows, expected ${expectedFailures}`);
    }
    for (const row of stored) problems.push(...checkStored(row, submissions));
    for (const row of failures) problems.push(...checkFailure(row, submissions));
  }

  const sequences = events.map(({ sequence }) => sequence).sort((a, b) => a - b);
  if (sequences.some((sequence, index) => sequence !== index + 1)) {
    problems.push(`${session}: sequences ${sequences.join(",")} are not 1 to ${sequences.length}`);
  }
  const unordered = events.some(
    ({ occurred_at, received_at }, index) => index > 0 && !isBefore(events[index - 1], { occurred_at, received_at }),
  );
  if (unordered) problems.push(`${session}: not in the order of occurrence and receipt`);
  problems.push(...checkOpenings(session, events));
  return problems;
}

function isBefore(a: EventFound | undefined, b: { occurred_at: number; received_at: number }): boolean {
  if (a === undefined) return false;
  return a.occurred_at < b.occurred_at || (a.occurred_at === b.occurred_at && a.received_at < b.received_at);
}

/** The row must be one of the submissions of its id, to the last field. */
function checkStored(row: EventFound, submissions: Submission[]): string[] {
  const match = submissions.some(
    ({ event, application, occurredAt, receivedAt, codes }) =>
      codes.length === 0 &&
      row.application === application &&
      row.occurred_at === occurredAt &&
      row.received_at === receivedAt &&
      row.category === event.category &&
      row.name === event.name &&
      row.data === JSON.stringify(event.data),
  );
  return match ? [] : [`${row.session} ${row.id}: stored as nothing that was sent: ${JSON.stringify(row)}`];
}

function checkFailure(row: ErrorFound, submissions: Submission[]): string[] {
  const sent = submissions.find(({ event }) => JSON.stringify(event) === row.content);
  if (sent === undefined)
    return [`${row.session_id} ${row.event_id}: an error with content that nobody sent: ${row.content}`];
  const issues: { code: string }[] = JSON.parse(row.issues);
  const found = issues.map(({ code }) => code).sort();
  const expected = sent.codes.length > 0 ? [...sent.codes].sort() : ["id_conflict"];
  // An event that fails by itself may stand under the id of a stored one as well.
  const alone = found.filter((code) => code !== "id_conflict");
  const right = sent.codes.length > 0 ? alone.join() === expected.join() : found.join() === expected.join();
  return right ? [] : [`${row.session_id} ${row.event_id}: codes ${found.join()}, expected ${expected.join()}`];
}

/** Each quarter of an hour in which the session has events is opened once: by the one accepted first. */
function checkOpenings(session: string, events: EventFound[]): string[] {
  return [...Map.groupBy(events, ({ occurred_at }) => Math.floor(occurred_at / 900_000_000))].flatMap(
    ([slot, rows]) => {
      const opening = rows.filter(({ opens }) => opens === 1);
      // A session that its object had forgotten opens its slot anew; it never leaves one unopened.
      return opening.length >= 1 ? [] : [`${session}: slot ${slot} is not opened`];
    },
  );
}

function checkCounts(events: EventFound[], counts: Map<string, number>): string[] {
  const expected = new Map<string, number>();
  for (const { application, category, name, occurred_at } of events) {
    for (const seconds of [60, 3600, 86400]) {
      const bucket = Math.floor(occurred_at / 1_000_000 / seconds) * seconds;
      add(expected, JSON.stringify([seconds, application, category, name, bucket]), 1);
    }
  }
  return [...new Set([...expected.keys(), ...counts.keys()])]
    .filter((cell) => expected.get(cell) !== counts.get(cell))
    .map((cell) => `count ${cell}: ${counts.get(cell)}, expected ${expected.get(cell)}`);
}

function add(map: Map<string, number>, key: string, amount: number): void {
  map.set(key, (map.get(key) ?? 0) + amount);
}
