import { errorId, fingerprint } from "../../../src/model/event/fingerprint";
import { canonicalText } from "../../../src/model/json/canonical-text";
import type { Micros } from "../../../src/model/time/time";
import type { Partition } from "../../../src/storage/partitions/partition";
import { add, type ErrorFound, type EventFound, type Tables } from "../world/tables";
import type { Submission, Traffic } from "../world/traffic";
import { compare, expectedDatabase } from "./consistency";
import { CONFLICT, contentOf, flawsOf, identityOf, isStoredAs, placedAt, TOLERANCE } from "./expectations";
import { type Flaw, regimeAt, validateType } from "./rule-sets";

/** An expected error. Of several with one identity, any may have been stored first. */
interface ExpectedError {
  id: string;
  /** The time that determines its place. */
  moment: Micros;
  receivedAt: Micros;
  application: string | null;
  session: string | null;
  eventId: string;
  flaws: Flaw[];
  content: string | null;
  parts: number;
}

/**
 * Compares the tables with the expected outcome of the traffic, once all of it is delivered. The outcome is a function of
 * the messages, of the rules at their receipt, and of the partition map. Returns a description of every difference.
 */
export function disagreements(traffic: Traffic, tables: Tables, partitions: readonly Partition[]): string[] {
  const events = tables.lanes.flatMap((lane) => lane.events);
  const winners = new Map<string, EventFound[]>();
  for (const row of events) winners.set(identityOf(row), [...(winners.get(identityOf(row)) ?? []), row]);

  const problems: string[] = [];
  const expected: ExpectedError[] = [...malformedErrors(traffic), ...oversizedErrors(traffic)];
  const valid = new Map<string, Submission[]>();
  for (const one of traffic.submissions) {
    const flaws = flawsOf(one, regimeAt(traffic.regimes, one.receivedAt));
    if (flaws.length > 0) expected.push(errorOf(one, flaws));
    else valid.set(identityOf(one), [...(valid.get(identityOf(one)) ?? []), one]);
  }
  for (const [identity, candidates] of valid) {
    const stored = winners.get(identity) ?? [];
    const [row] = stored;
    if (row === undefined || stored.length > 1) {
      problems.push(`${identity}: stored ${stored.length} times`);
      continue;
    }
    const winner = candidates.find((one) => isStoredAs(one, row));
    if (winner === undefined) problems.push(`${identity}: stored as nothing that was sent: ${JSON.stringify(row)}`);
    const content = contentOf(winner ?? row);
    const losers = candidates.filter((one) => contentOf(one) !== content);
    expected.push(...losers.map((one) => errorOf(one, [CONFLICT])));
  }
  for (const identity of winners.keys()) if (!valid.has(identity)) problems.push(`${identity}: stored, and not valid`);
  return [
    ...problems,
    ...errorProblems(expected, tables, partitions),
    ...partProblems(traffic, tables),
    ...compare("report-only", reportOnlyOf(traffic, events), reportOnlyFound(tables)),
    ...orderProblems(events),
  ];
}

function errorOf(one: Submission, flaws: Flaw[]): ExpectedError {
  const { session, id, application, receivedAt, event } = one;
  const content = JSON.stringify(event);
  return {
    // Without a session only the whole event identifies it.
    id: errorId(session, id, fingerprint(session === null ? [application, event] : event)),
    moment: placedAt(one),
    ...{ receivedAt, application, session: textOrNull(event.session_id), eventId: id, flaws, content, parts: 0 },
  };
}

function malformedErrors({ malformed }: Traffic): ExpectedError[] {
  return malformed.map(({ id, body, queuedAt }) => {
    const content = JSON.stringify(JSON.parse(body));
    const places = { moment: queuedAt, receivedAt: queuedAt, application: null, session: null, eventId: id };
    const flaws: Flaw[] = [{ code: "delivery_failed", path: "" }];
    return { id: errorId(null, id, fingerprint(content)), ...places, flaws, content, parts: 0 };
  });
}

/** Only the validation at the edge: size, form and timestamp. */
function oversizedErrors({ oversized }: Traffic): ExpectedError[] {
  return oversized.map((one) => {
    const isAhead = one.occurredAt !== null && one.occurredAt > one.receivedAt + TOLERANCE;
    const ahead: Flaw[] = isAhead ? [{ code: "timestamp_in_future", path: "/timestamp" }] : [];
    const flaws: Flaw[] = [{ code: "event_too_large", path: "" }, ...ahead];
    const id = errorId(one.session, one.id, one.digest);
    return { ...errorOf(one, flaws), id, content: null, parts: one.parts.length };
  });
}

/**
 * Each identity is stored once in each expected database: retries that cannot be placed by their occurrence may have
 * different ones.
 */
function errorProblems(expected: ExpectedError[], { databases }: Tables, partitions: readonly Partition[]): string[] {
  const problems: string[] = [];
  const found = Map.groupBy(
    databases.flatMap(({ errors }) => errors),
    ({ database, id }) => `${id} in DB_${database}`,
  );
  const wanted = Map.groupBy(expected, ({ id, moment, session }) => {
    const partition = partitions.find(({ from, to }) => from <= moment && moment < to);
    return `${id} in DB_${partition === undefined ? "?" : expectedDatabase(partition, session ?? id)}`;
  });
  for (const [place, candidates] of wanted) {
    const [row, ...more] = found.get(place) ?? [];
    found.delete(place);
    if (row === undefined || more.length > 0) {
      problems.push(`error ${place}: ${row === undefined ? "missing" : "twice"}: ${JSON.stringify(candidates[0])}`);
    } else if (!candidates.some((one) => isErrorOf(one, row))) {
      problems.push(`error ${place}: ${JSON.stringify(row)}, expected ${JSON.stringify(candidates)}`);
    }
  }
  for (const [place, rows] of found) problems.push(`error ${place}: expected none: ${JSON.stringify(rows)}`);
  return problems;
}

function isErrorOf(expected: ExpectedError, row: ErrorFound): boolean {
  const { id: _, moment: __, flaws, ...columns } = expected;
  const { receivedAt, application, session, eventId, content, parts, issues } = row;
  const same = { receivedAt, application, session, eventId, content, parts };
  return textOf(flaws) === textOf(issues) && canonicalText(columns) === canonicalText(same);
}

export function textOf(flaws: readonly { code: string; path: string }[]): string {
  return flaws
    .map(({ code, path }) => `${code} ${path}`)
    .sort()
    .join();
}

function partProblems({ oversized }: Traffic, { databases }: Tables): string[] {
  const expected = oversized.flatMap(({ session, id, digest, parts }) =>
    parts.map((text, part) => [`${errorId(session, id, digest)} ${part} ${text}`, 1] as const),
  );
  const found = new Map<string, number>();
  for (const { parts } of databases) for (const [key, text] of parts) add(found, `${key} ${text}`, 1);
  return compare("error parts", new Map(expected), found);
}

/** For every stored event: the findings of a report-only schema by the rules at its receipt. */
function reportOnlyOf({ submissions, regimes }: Traffic, events: EventFound[]): Map<string, number> {
  const byReceipt = new Map(submissions.map((one) => [one.receivedAt, one]));
  const aggregates = new Map<string, number>();
  for (const { receivedAt, category, name } of events) {
    const regime = regimeAt(regimes, receivedAt);
    const { shadow } = validateType(regime, byReceipt.get(receivedAt)?.event ?? {});
    if (shadow.length === 0) continue;
    for (const seconds of [60, 3600, 86400]) {
      const bucket = Math.floor(receivedAt / 1_000_000 / seconds) * seconds;
      for (const path of ["", ...shadow]) {
        add(aggregates, JSON.stringify([seconds, category, name, regime.number, bucket, path]), 1);
      }
    }
  }
  return aggregates;
}

function reportOnlyFound({ databases }: Tables): Map<string, number> {
  const aggregates = new Map<string, number>();
  for (const { shadow } of databases) for (const [aggregate, events] of shadow) add(aggregates, aggregate, events);
  return aggregates;
}

/** Within every lane a session is ordered by occurrence and then by receipt. */
function orderProblems(events: EventFound[]): string[] {
  return [...Map.groupBy(events, ({ session }) => session)].flatMap(([session, rows]) => {
    const sorted = rows.toSorted((a, b) => a.occurredAt - b.occurredAt || a.receivedAt - b.receivedAt);
    const isStrict = sorted.every((row, place) => {
      const before = sorted[place - 1];
      return before === undefined || before.occurredAt < row.occurredAt || before.receivedAt < row.receivedAt;
    });
    return isStrict ? [] : [`${session}: two events have one place in the order`];
  });
}

function textOrNull(value: unknown): string | null {
  return typeof value === "string" ? value : null;
}
