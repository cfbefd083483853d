import { EVENT_CODE_NAMES, type EventCode } from "../../src/model/codes";
import { formatTimestamp } from "../../src/model/time";
import type { Database } from "../../src/storage/databases";
import { CODE_BITS } from "../../src/storage/error-codes";
import { unpackId } from "../../src/storage/packed-id";
import { loadReplay } from "../../src/storage/replays";
import { checkCounts, EVENTS, type EventFound } from "./outcome";
import type { Effect } from "./replays";
import { contentKey, type Submission, type Traffic } from "./traffic";

interface ErrorFound {
  id: string;
  received_at: number;
  application: string;
  session_id: string;
  category: string;
  name: string;
  event_id: string;
  content: string;
  issues: string;
  codes: number;
  resolved_at: number | null;
  resolved_session: string | null;
  resolved_sequence: number | null;
  replay_id: string | null;
}

const ERRORS = "SELECT * FROM errors WHERE application IN (SELECT value FROM json_each(?1))";

const COUNTS = `
SELECT seconds, application, category, name, bucket, value AS events
FROM counts, json_each(by_series) JOIN series ON series_id = key JOIN categories USING (category_id)
WHERE application IN (SELECT value FROM json_each(?1))`;

const FAILURES = `
SELECT seconds, code, bucket, application, category, name, path, events FROM failures
WHERE application IN (SELECT value FROM json_each(?1))`;

/** Where each code is found; every issue of the traffic has one place. */
const PATHS: Partial<Record<EventCode, string>> = {
  timestamp_invalid: "/timestamp",
  timestamp_in_future: "/timestamp",
  data_invalid: "/data",
  name_invalid: "/name",
  id_conflict: "/id",
};

/** Compares what the databases hold with what a simple model says of the traffic and its replays. */
export async function replayDifferences(
  traffic: Traffic,
  databases: Database[],
  replays: { begun: Map<string, Effect>; allMended: boolean },
): Promise<string[]> {
  const applications = JSON.stringify(traffic.applications);
  const events: EventFound[] = [];
  const errors: ErrorFound[] = [];
  const counts = new Map<string, number>();
  const failures = new Map<string, number>();
  for (const { binding } of databases) {
    const all = async <Row>(sql: string) => (await binding.prepare(sql).bind(applications).all<Row>()).results;
    for (const row of await all<EventFound>(EVENTS)) {
      events.push({ ...row, session: unpackId(row.session), id: unpackId(row.id) });
    }
    errors.push(...(await all<ErrorFound>(ERRORS)));
    for (const [cells, sql] of [[counts, COUNTS] as const, [failures, FAILURES] as const]) {
      for (const { events: n, ...cell } of await all<Record<string, string | number>>(sql)) {
        add(cells, JSON.stringify(Object.values(cell)), Number(n));
      }
    }
  }
  return [
    ...checkContents(traffic, events, errors),
    ...errors.flatMap((row) => checkError(row, traffic, events, replays)),
    ...checkSequences(traffic, events),
    ...checkCounts(events, counts),
    ...checkFailures(traffic, errors, failures),
    ...(await checkProgress(databases, errors, replays.begun)),
  ];
}

/** Every content stands once: one of those that are valid is the event, each other is an error; and nothing else is stored. */
function checkContents(traffic: Traffic, events: EventFound[], errors: ErrorFound[]): string[] {
  const problems: string[] = [];
  let stored = 0;
  for (const [name, same] of Map.groupBy(traffic.submissions, ({ session, id }) => `${session} ${id}`)) {
    const contents = Map.groupBy(same, ({ id, event }) => contentKey(id, event));
    const hasValid = [...contents.values()].some(([first]) => first?.codes.length === 0);
    const [one] = same;
    const rows = errors.filter((row) => row.session_id === one?.session && row.event_id === one.id).length;
    if (rows !== contents.size - Number(hasValid))
      problems.push(`${name}: ${rows} error rows of ${contents.size} contents`);
    stored += Number(hasValid);
  }
  // Contents that came under one id, and that a repair makes equal, are one event.
  const resolved = Map.groupBy(
    errors.filter(({ resolved_at: at }) => at !== null),
    (row) => `${row.resolved_session} ${row.resolved_sequence}`,
  );
  for (const [place, rows] of resolved) {
    if (new Set(rows.map((row) => row.event_id)).size > 1)
      problems.push(`${place}: errors of several ids became one event`);
    const receipts = events
      .filter((event) => `${event.session} ${event.sequence}` === place)
      .map((event) => `${event.application} ${event.received_at}`);
    if (!rows.some((row) => receipts.includes(`${row.application} ${row.received_at}`))) {
      problems.push(`${place}: is the event of nobody's receipt`);
    }
  }
  if (events.length !== stored + resolved.size) {
    problems.push(`${events.length} events, expected ${stored} that were valid and ${resolved.size} that were mended`);
  }
  return problems;
}

function checkError(
  row: ErrorFound,
  traffic: Traffic,
  events: EventFound[],
  { begun, allMended }: { begun: Map<string, Effect>; allMended: boolean },
): string[] {
  const name = `error of ${row.session_id} ${row.event_id}`;
  const sent = sentAs(row, traffic);
  if (sent === undefined) return [`${name}: content that nobody sent: ${row.content}`];
  const effect = row.replay_id === null ? undefined : begun.get(row.replay_id);
  if (row.resolved_at !== null)
    return effect === undefined ? [`${name}: resolved by nobody`] : checkResolved(row, effect, events);
  if (allMended && sent.codes.length > 0) return [`${name}: still open, though a replay mends it`];

  const found: { code: EventCode }[] = JSON.parse(row.issues);
  const codes = found.map(({ code }) => code);
  const alone = codes.filter((code) => code !== "id_conflict").sort();
  const left = sent.codes.filter((code) => !effect?.mends.includes(code)).sort();
  const problems: string[] = [];
  if (alone.join() !== left.join() || codes.length === 0) problems.push(`${name}: codes ${codes}, expected ${left}`);
  const indexed = EVENT_CODE_NAMES.filter((code) => (row.codes & CODE_BITS[code]) !== 0);
  if ([...new Set(codes)].sort().join() !== indexed.sort().join()) problems.push(`${name}: is listed under ${indexed}`);
  return problems;
}

/** The event that an error became: its own id, and what the repair set. */
function checkResolved(row: ErrorFound, { sets }: Effect, events: EventFound[]): string[] {
  const mended = { ...JSON.parse(row.content), ...sets };
  const isIt = (event: EventFound) =>
    event.session === row.resolved_session &&
    event.sequence === row.resolved_sequence &&
    event.session === mended.session_id &&
    event.id === row.event_id &&
    event.name === mended.name &&
    event.data === JSON.stringify(mended.data) &&
    formatTimestamp(event.occurred_at) === mended.timestamp;
  return events.filter(isIt).length === 1
    ? []
    : [`error ${row.id} of ${row.event_id}: resolved, and its event is not there`];
}

function sentAs(row: ErrorFound, { submissions }: Traffic): Submission | undefined {
  return submissions.find(({ id, event }) => id === row.event_id && JSON.stringify(event) === row.content);
}

function checkSequences({ sessions }: Traffic, events: EventFound[]): string[] {
  return sessions.flatMap((session) => {
    const sequences = events.filter((row) => row.session === session).map(({ sequence }) => sequence);
    const wrong = sequences.sort((a, b) => a - b).some((sequence, index) => sequence !== index + 1);
    return wrong ? [`${session}: sequences ${sequences}`] : [];
  });
}

/** Failures are counted when an event fails first, whatever replays say of it later. */
function checkFailures(traffic: Traffic, errors: ErrorFound[], found: Map<string, number>): string[] {
  const expected = new Map<string, number>();
  for (const row of errors) {
    const sent = sentAs(row, traffic)?.codes ?? [];
    const codes: EventCode[] = sent.length === 0 ? ["id_conflict"] : sent;
    for (const seconds of [60, 3600, 86400]) {
      const bucket = Math.floor(row.received_at / 1_000_000 / seconds) * seconds;
      for (const [code, path] of [["", ""], ...codes.map((code) => [code, PATHS[code] ?? ""])]) {
        add(expected, JSON.stringify([seconds, code, bucket, row.application, row.category, row.name, path]), 1);
      }
    }
  }
  return [...new Set([...expected.keys(), ...found.keys()])]
    .filter((cell) => expected.get(cell) !== found.get(cell))
    .map((cell) => `failures ${cell}: ${found.get(cell)}, expected ${expected.get(cell)}`);
}

/** Each replay comes to its end, and has counted what it did once. */
async function checkProgress([first]: Database[], errors: ErrorFound[], begun: Map<string, Effect>): Promise<string[]> {
  const problems: string[] = [];
  for (const id of begun.keys()) {
    const replay = first === undefined ? null : await loadReplay(first, id);
    if (replay?.status !== "done") {
      problems.push(`${id} is ${replay?.status}`);
      continue;
    }
    const { matched, stored, failing, skipped } = replay;
    const own = errors.filter((row) => row.replay_id === id);
    const resolved = own.filter(({ resolved_at: at }) => at !== null).length;
    if (matched !== stored + failing + skipped) problems.push(`${id}: ${matched} are not the sum of its counts`);
    if (stored !== resolved) problems.push(`${id}: stored ${stored}, and ${resolved} errors are resolved by it`);
    if (failing < own.length - resolved) problems.push(`${id}: failing ${failing} of ${own.length - resolved}`);
  }
  return problems;
}

function add(map: Map<string, number>, key: string, amount: number): void {
  map.set(key, (map.get(key) ?? 0) + amount);
}
