import { EVENT_CODE_NAMES } from "../../../src/model/codes";
import { errorId, fingerprint } from "../../../src/model/event/fingerprint";
import type { Micros } from "../../../src/model/time/time";
import { loadReplay } from "../../../src/storage/admin/replays";
import { type Database, firstDatabase } from "../../../src/storage/core/databases";
import { CODE_BITS } from "../../../src/storage/core/error-codes";
import type { Partition } from "../../../src/storage/partitions/partition";
import { add, type ErrorFound, type EventFound, type Tables } from "../world/tables";
import type { Submission, Traffic } from "../world/traffic";
import { compare, expectedDatabase } from "./consistency";
import { CONFLICT, contentOf, flawsOf, identityOf, isStoredAs, placedAt } from "./expectations";
import { textOf } from "./model";
import type { BegunReplay } from "./replays";
import { type Flaw, regimeAt } from "./rule-sets";

/** The input of the model. */
interface Told {
  traffic: Traffic;
  begun: Map<string, BegunReplay>;
  /** True if at the end everything was replayed with a repair after which only the rules can fail an event. */
  isLast: boolean;
}

/** Compares the tables with the expected outcome of the traffic and its replays. Returns a description of every difference. */
export async function replayDisagreements(
  summary: Told,
  tables: Tables,
  partitions: readonly Partition[],
  databases: readonly Database[],
): Promise<string[]> {
  const events = tables.lanes.flatMap((lane) => lane.events);
  const errors = tables.databases.flatMap((one) => one.errors);
  return [
    ...eventProblems(summary, events, errors),
    ...placeProblems(summary, events, errors, partitions),
    ...errors.flatMap((row) => errorProblems(row, summary, events)),
    ...failureProblems(summary, tables),
    ...(await progressProblems(databases, errors, summary)),
  ];
}

/**
 * The event of an error as it was sent, or undefined for a message that was not an envelope. No two events have the same
 * receipt.
 */
function sentAs({ receivedAt, content }: ErrorFound, { submissions }: Traffic): Submission | undefined {
  return submissions.find((one) => one.receivedAt === receivedAt && JSON.stringify(one.event) === content);
}

interface Replayed {
  event: Record<string, unknown>;
  session: string | null;
  occurredAt: Micros | null;
  receivedAt: Micros;
  application: string | null;
  id: string;
}

function replayed(sent: Submission, { sets, occurredAt }: BegunReplay): Replayed {
  const event = { ...sent.event, ...sets };
  const session = typeof event.session_id === "string" && event.session_id !== "undefined" ? event.session_id : null;
  return { ...sent, event, session, occurredAt: occurredAt ?? sent.occurredAt };
}

/** Every stored identity belongs to a valid submission or a resolved error, and is stored once. */
function eventProblems({ traffic, begun }: Told, events: EventFound[], errors: ErrorFound[]): string[] {
  const valid = traffic.submissions.filter(
    (one) => flawsOf(one, regimeAt(traffic.regimes, one.receivedAt)).length === 0,
  );
  const resolved = errors.flatMap((row): Replayed[] => {
    const sent = sentAs(row, traffic);
    const replay = row.replay === null ? undefined : begun.get(row.replay);
    return row.resolvedAt === null || sent === undefined || replay === undefined ? [] : [replayed(sent, replay)];
  });
  const candidates = Map.groupBy([...valid, ...resolved], (one) => `${one.session} ${one.occurredAt} ${one.id}`);
  const stored = Map.groupBy(events, identityOf);
  const problems: string[] = [];
  for (const identity of new Set([...candidates.keys(), ...stored.keys()])) {
    const [row, ...more] = stored.get(identity) ?? [];
    const own = candidates.get(identity) ?? [];
    if (row === undefined || more.length > 0)
      problems.push(`${identity}: stored ${more.length + Number(row !== undefined)} times`);
    else if (!own.some((one) => isStoredAs(one, row))) {
      problems.push(`${identity}: stored as nothing that was sent or repaired: ${JSON.stringify(row)}`);
    }
  }
  return problems;
}

/** Each content that failed or lost a conflict is an error, once in each expected database; nothing else is. */
function placeProblems(
  { traffic }: Told,
  events: EventFound[],
  errors: ErrorFound[],
  partitions: readonly Partition[],
): string[] {
  const stored = new Map(events.map((row) => [identityOf(row), contentOf(row)]));
  const expected = new Set<string>();
  const possible = new Set<string>();
  for (const one of traffic.submissions) {
    const { session, id, application, event } = one;
    const moment = placedAt(one);
    const partition = partitions.find(({ from, to }) => from <= moment && moment < to);
    const identity = errorId(session, id, fingerprint(session === null ? [application, event] : event));
    const column = typeof event.session_id === "string" ? event.session_id : identity;
    const place = `${identity} in DB_${partition === undefined ? "?" : expectedDatabase(partition, column)}`;
    possible.add(place);
    const fails = flawsOf(one, regimeAt(traffic.regimes, one.receivedAt)).length > 0;
    if (fails || stored.get(identityOf(one)) !== contentOf(one)) expected.add(place);
  }
  const found = errors
    .filter(({ application }) => application !== null)
    .map(({ id, database }) => `${id} in DB_${database}`);
  return [
    ...[...expected].filter((place) => !found.includes(place)).map((place) => `error ${place} is missing`),
    ...found.filter((place) => !expected.has(place)).map((place) => `error ${place}: expected none`),
    ...(new Set(found).size === found.length ? [] : ["an error is stored twice"]),
  ];
}

/** The result of a replay of an error, or its original state. */
function errorProblems(row: ErrorFound, { traffic, begun, isLast }: Told, events: EventFound[]): string[] {
  if (row.application === null) return row.resolvedAt === null ? [] : [`error ${row.id}: no event, and resolved`];
  const name = `error ${row.id} of ${row.session} ${row.eventId}`;
  const sent = sentAs(row, traffic);
  if (sent === undefined) return [`${name}: content that nobody sent: ${row.content}`];
  const listed = EVENT_CODE_NAMES.filter((code) => (row.codeBits & CODE_BITS[code]) !== 0).sort();
  const codes = [...new Set(row.issues.map(({ code }) => code))].sort();
  const problems = listed.join() === codes.join() ? [] : [`${name}: listed under ${listed}, and has ${codes}`];
  if (row.replay === null) {
    if (row.resolvedAt !== null || isLast) problems.push(`${name}: replayed by nobody`);
    const expected = firstFlaws(sent, traffic);
    return textOf(row.issues) === textOf(expected)
      ? problems
      : [...problems, `${name}: ${codes}, expected ${textOf(expected)}`];
  }
  const replay = begun.get(row.replay);
  if (replay === undefined) return [...problems, `${name}: replayed by ${row.replay}`];
  const now = replayed(sent, replay);
  const flaws = flawsOf(now, replay.regime);
  const identity = `${now.session} ${now.occurredAt} ${now.id}`;
  const event = events.find((one) => identityOf(one) === identity);
  const isTheEvent = event !== undefined && contentOf(event) === contentOf(now);
  if (row.resolvedAt !== null) {
    const named = `${row.resolvedSession} ${row.resolvedOccurredAt} ${row.resolvedEventId}`;
    const isRight = flaws.length === 0 && named === identity && isTheEvent;
    return isRight
      ? problems
      : [...problems, `${name}: resolved as ${named}, expected ${identity} with ${textOf(flaws)}`];
  }
  const expected = flaws.length > 0 ? flaws : [CONFLICT];
  if (textOf(row.issues) !== textOf(expected))
    problems.push(`${name}: ${codes}, expected ${textOf(expected)} by ${row.replay}`);
  if (flaws.length === 0 && (event === undefined || isTheEvent)) problems.push(`${name}: conflicts with nothing`);
  return problems;
}

function firstFlaws(sent: Submission, { regimes }: Traffic): Flaw[] {
  const flaws = flawsOf(sent, regimeAt(regimes, sent.receivedAt));
  return flaws.length > 0 ? flaws : [CONFLICT];
}

/** Failures are counted when an event first fails, whatever the result of later replays. */
function failureProblems({ traffic }: Told, { databases }: Tables): string[] {
  return databases.flatMap(({ database, errors, failures }) => {
    const expected = new Map<string, number>();
    for (const row of errors) {
      const sent = sentAs(row, traffic);
      const flaws: Flaw[] = sent === undefined ? [{ code: "delivery_failed", path: "" }] : firstFlaws(sent, traffic);
      const aggregates = new Map<string, [string, string]>([["", ["", ""]]]);
      for (const { code, path } of flaws) aggregates.set(`${code} ${path}`, [code, path]);
      for (const seconds of [60, 3600, 86400]) {
        const bucket = Math.floor(row.receivedAt / 1_000_000 / seconds) * seconds;
        for (const [code, path] of aggregates.values()) {
          add(
            expected,
            JSON.stringify([seconds, code, bucket, row.application ?? "", row.category ?? "", row.name ?? "", path]),
            1,
          );
        }
      }
    }
    return compare(`failures in DB_${database}`, expected, failures);
  });
}

/** Each replay ends, and has counted its results once. */
async function progressProblems(
  databases: readonly Database[],
  errors: ErrorFound[],
  { begun }: Told,
): Promise<string[]> {
  const problems: string[] = [];
  for (const id of begun.keys()) {
    const replay = await loadReplay(firstDatabase(databases), id);
    if (replay?.status !== "done") {
      problems.push(`${id} is ${replay?.status}`);
      continue;
    }
    const { matched, stored, failing, skipped } = replay;
    const own = errors.filter((row) => row.replay === id);
    const resolved = own.filter(({ resolvedAt }) => resolvedAt !== null).length;
    if (matched !== stored + failing + skipped) problems.push(`${id}: ${matched} are not the sum of its counts`);
    if (stored !== resolved) problems.push(`${id}: stored ${stored}, and ${resolved} errors are resolved by it`);
    if (failing < own.length - resolved) problems.push(`${id}: failing ${failing} of ${own.length - resolved}`);
  }
  return problems;
}
