import { formatTimestamp } from "../../src/model/time";
import type { Database } from "../../src/storage/databases";
import { unpackId } from "../../src/storage/packed-id";
import type { Deliveries } from "./deliveries";
import { judgeType } from "./rule-sets";
import { contentKey, type Submission, type Traffic } from "./traffic";

export interface EventFound {
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

export const EVENTS = `
SELECT iif(typeof(session_id) = 'blob', 'x' || lower(hex(session_id)), 't' || session_id) AS session,
  iif(typeof(id) = 'blob', 'x' || lower(hex(id)), 't' || id) AS id, sequence, application, category, name, occurred_at,
  occurred_at + received_after AS received_at, opens, data
FROM events JOIN series USING (series_id) JOIN categories ON categories.category_id = series.category_id
WHERE application IN (SELECT value FROM json_each(?1))
ORDER BY occurred_at, received_after, session_id, sequence`;

const ERRORS = `
SELECT session_id, event_id, content, issues FROM errors WHERE application IN (SELECT value FROM json_each(?1))`;

const COUNTS = `
SELECT seconds, application, category, name, bucket, value AS events
FROM counts, json_each(by_series) JOIN series ON series_id = key JOIN categories USING (category_id)
WHERE application IN (SELECT value FROM json_each(?1))`;

const SHADOW = `
SELECT seconds, category, name, version, bucket, path, events FROM shadow_failures
WHERE version IN (SELECT value FROM json_each(?1))`;

/** Compares what the databases hold with what a simple model says of the traffic. Returns every difference in words. */
export async function differences(traffic: Traffic, databases: Database[], deliveries: Deliveries): Promise<string[]> {
  const applications = JSON.stringify(traffic.applications);
  const found: EventFound[] = [];
  const errors: ErrorFound[] = [];
  const counts = new Map<string, number>();
  const shadow = new Map<string, number>();
  const homes = new Map<string, Set<number>>();
  for (const { index, binding } of databases) {
    const events = await binding.prepare(EVENTS).bind(applications).all<EventFound>();
    for (const row of events.results) {
      found.push({ ...row, session: unpackId(row.session), id: unpackId(row.id) });
      homes.set(row.session, (homes.get(row.session) ?? new Set()).add(index));
    }
    errors.push(...(await binding.prepare(ERRORS).bind(applications).all<ErrorFound>()).results);
    const shadows = await binding
      .prepare(SHADOW)
      .bind(JSON.stringify(traffic.regimes.map(({ number }) => number)))
      .all<{ version: number; path: string; events: number }>();
    for (const { events: n, ...cell } of shadows.results) add(shadow, JSON.stringify(Object.values(cell)), n);
    const rows = await binding.prepare(COUNTS).bind(applications).all<Record<string, string | number>>();
    for (const { events: n, ...cell } of rows.results) add(counts, JSON.stringify(Object.values(cell)), Number(n));
  }
  const problems = [...homes]
    .filter(([, where]) => where.size > 1)
    .map(([session]) => `${session} lives in two databases`);
  return [
    ...problems,
    ...traffic.sessions.flatMap((session) => checkSession(session, { traffic, deliveries }, found, errors)),
    ...checkCounts(found, counts),
    ...checkShadow(found, shadow, deliveries),
    ...deliveries.changes,
  ];
}

/** What the model is told: the traffic, and what happened to it on the way. */
interface Told {
  traffic: Traffic;
  deliveries: Deliveries;
}

function checkSession(session: string, told: Told, allEvents: EventFound[], allErrors: ErrorFound[]): string[] {
  const problems: string[] = [];
  const sent = told.traffic.submissions.filter((submission) => submission.session === session);
  const events = allEvents.filter((row) => row.session === session);
  const errors = allErrors.filter((row) => row.session_id === session);

  for (const [id, submissions] of Map.groupBy(sent, (submission) => submission.id)) {
    const stored = events.filter((row) => row.id === id);
    const failures = errors.filter((row) => row.event_id === id);
    problems.push(...checkIdentity(`${session} ${id}`, { submissions, stored, failures }, told));
    for (const row of stored) problems.push(...checkStored(row, submissions, told));
    for (const row of failures) problems.push(...checkFailure(row, submissions, told, stored.length > 0));
  }

  const sequences = events.map(({ sequence }) => sequence).sort((a, b) => a - b);
  // What was decided and never written may be forgotten, and then its number is nobody's.
  const isWhole = !told.deliveries.forgotten.has(session);
  if (sequences.some((sequence, index) => (isWhole ? sequence !== index + 1 : sequence === sequences[index - 1]))) {
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

/** Every content that came under an id stands in exactly one table, and at most one of them is the event. */
function checkIdentity(
  name: string,
  found: { submissions: Submission[]; stored: EventFound[]; failures: ErrorFound[] },
  { deliveries }: Told,
): string[] {
  const { submissions, stored, failures } = found;
  if (stored.length > 1) return [`${name}: stored ${stored.length} times`];
  const problems: string[] = [];
  const contents = Map.groupBy(submissions, ({ id, event }) => contentKey(id, event));
  for (const [key, [first]] of contents) {
    if (first === undefined) continue;
    const isStored = stored.some((row) => isOf(row, first));
    const errors = failures.filter(({ content }) => contentKey(first.id, JSON.parse(content)) === key).length;
    if (Number(isStored) + errors !== 1) {
      problems.push(`${name}: ${isStored ? "stored" : "not stored"} and ${errors} error rows: ${key}`);
    }
  }
  const couldFail = [...contents.values()].every(([one]) => one !== undefined && !mustPass(one, deliveries));
  if (stored.length === 0 && !couldFail) problems.push(`${name}: not stored, though one content passes by all rules`);
  return problems;
}

function isOf(row: EventFound, { event, occurredAt }: Submission): boolean {
  return row.occurred_at === occurredAt && row.data === JSON.stringify(event.data);
}

/** The verdicts that were possible: for the rules at each delivery the codes, in order. "": it passes. */
function verdicts({ id, event, codes }: Submission, { regimes }: Deliveries): Set<string> {
  const inForce = [...(regimes.get(contentKey(id, event)) ?? [])];
  return new Set(inForce.map((regime) => [...codes, ...judgeType(regime, event).codes].sort().join()));
}

function mustPass(submission: Submission, deliveries: Deliveries): boolean {
  return [...verdicts(submission, deliveries)].every((codes) => codes === "");
}

/** The row must be one of the submissions of its id, to the last field, and must have been valid by rules in force. */
function checkStored(row: EventFound, submissions: Submission[], { deliveries }: Told): string[] {
  const match = submissions.some(
    (submission) =>
      verdicts(submission, deliveries).has("") &&
      isOf(row, submission) &&
      row.application === submission.application &&
      row.received_at === submission.receivedAt &&
      row.category === submission.event.category &&
      row.name === submission.event.name,
  );
  return match ? [] : [`${row.session} ${row.id}: stored as nothing that was sent: ${JSON.stringify(row)}`];
}

function checkFailure(row: ErrorFound, submissions: Submission[], { deliveries }: Told, hasStored: boolean): string[] {
  const sent = submissions.find(({ event }) => JSON.stringify(event) === row.content);
  if (sent === undefined)
    return [`${row.session_id} ${row.event_id}: an error with content that nobody sent: ${row.content}`];
  const issues: { code: string }[] = JSON.parse(row.issues);
  const found = issues.map(({ code }) => code);
  const possible = verdicts(sent, deliveries);
  // An event that fails by itself may stand under the id of a stored one as well; alone the conflict needs one.
  const alone = found
    .filter((code) => code !== "id_conflict")
    .sort()
    .join();
  const hasReason = alone !== "" || (found.length === 1 && hasStored);
  const right = possible.has(alone) && hasReason;
  return right ? [] : [`${row.session_id} ${row.event_id}: codes ${found}, possible ${[...possible].join(" or ")}`];
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

export function checkCounts(events: EventFound[], counts: Map<string, number>): string[] {
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

/** The shadow counts are those of the stored events, each by what its object said of it when it was accepted. */
function checkShadow(events: EventFound[], found: Map<string, number>, { shadows, regimes }: Deliveries): string[] {
  const problems: string[] = [];
  const expected = new Map<string, number>();
  for (const row of events) {
    const shadow = shadows.get(`${row.session} ${row.sequence}`);
    const event = {
      ...row,
      session_id: row.session,
      data: JSON.parse(row.data),
      timestamp: formatTimestamp(row.occurred_at),
    };
    const inForce = [...(regimes.get(contentKey(row.id, event)) ?? [])];
    const isPossible = inForce.some((regime) => {
      const paths = judgeType(regime, event).shadow;
      return shadow === undefined
        ? paths.length === 0
        : regime.number === shadow.version && paths.join() === shadow.paths.join();
    });
    if (!isPossible)
      problems.push(`${row.session} ${row.id}: in shadow ${JSON.stringify(shadow)}, by no rules in force`);
    if (shadow === undefined) continue;
    for (const seconds of [60, 3600, 86400]) {
      const bucket = Math.floor(row.received_at / 1_000_000 / seconds) * seconds;
      for (const path of ["", ...shadow.paths]) {
        add(expected, JSON.stringify([seconds, row.category, row.name, shadow.version, bucket, path]), 1);
      }
    }
  }
  const cells = [...new Set([...expected.keys(), ...found.keys()])].filter(
    (cell) => expected.get(cell) !== found.get(cell),
  );
  return [...problems, ...cells.map((cell) => `shadow ${cell}: ${found.get(cell)}, expected ${expected.get(cell)}`)];
}

function add(map: Map<string, number>, key: string, amount: number): void {
  map.set(key, (map.get(key) ?? 0) + amount);
}
