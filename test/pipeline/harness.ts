import { env } from "cloudflare:workers";
import { parseConfig } from "../../src/model/config";
import type { EventsEnvelope } from "../../src/model/envelope";
import type { CallSession } from "../../src/pipeline/call-sessions";
import type { Pipeline } from "../../src/pipeline/process-batch";
import { indexRules, NO_RULES, type RuleSet } from "../../src/rules/rules";
import { type RulesInForce, rulesInForce } from "../../src/rules/rules-in-force";
import { databasesOf, firstDatabase } from "../../src/storage/core/databases";
import { unpackId } from "../../src/storage/core/packed-id";
import { createErasureSource } from "../../src/storage/erasures/erasure-source";
import { databaseOf, lanesToRead } from "../../src/storage/partitions/partition";
import { createPartitionStore } from "../../src/storage/partitions/partition-store";
import { writeBatch } from "../../src/storage/write/write-batch";
import { OCCURRED_AT, RECEIVED_AT, SAMPLE_EVENTS } from "./sample-events";

export const databases = databasesOf(env);

export const partitions = createPartitionStore(databases);

/** The pipeline as the Worker wires it. A test can replace parts to make them fail. */
export function pipelineWith(changes: Partial<Pipeline> = {}): Pipeline {
  return {
    databases,
    partitions,
    callSession,
    erasures: createErasureSource(firstDatabase(databases)),
    write: writeBatch,
    sendDeadLetter: () => Promise.reject(new Error("no dead letter was expected")),
    sendAgain: () => Promise.reject(new Error("no renewal was expected")),
    rules: async () => alwaysInForce(NO_RULES),
    config: parseConfig(env),
    now: () => RECEIVED_AT,
    log: () => {},
    ...changes,
  };
}

export const callSession: CallSession = (session, call) => env.SESSIONS.getByName(session).accept(call);

/** Rules that are always in force. */
export function alwaysInForce(rules: RuleSet): RulesInForce {
  return rulesInForce([{ since: 0, until: Number.POSITIVE_INFINITY, rules: indexRules(rules) }]);
}

/** An event of a session, with defaults for the members that a test does not set. */
export function eventOf(session: string, changes: Record<string, unknown> = {}) {
  return { ...SAMPLE_EVENTS[0], session_id: session, ...changes };
}

/** An envelope with one event for each entry [id, event]. */
export function envelopeOf(entries: [string, unknown][], changes: Partial<EventsEnvelope> = {}): EventsEnvelope {
  const events = entries.map(([id, event], position) => ({ id, position, event }));
  return { v: 1, application: "shop", received_at: RECEIVED_AT, events, ...changes };
}

/** What was done with the messages of a batch, in that order. */
export interface HandledBatch {
  batch: MessageBatch<unknown>;
  acked: number[];
  retried: Map<number, number>;
}

/** A queue batch of these bodies, in the edge's form, with a record of what is done with its messages. */
export function batchOf(bodies: unknown[], { attempts = 1, happened = (_: string) => {} } = {}): HandledBatch {
  const acked: number[] = [];
  const retried = new Map<number, number>();
  const messages = bodies.map((body, place) => ({
    id: `message-${place}`,
    timestamp: new Date(RECEIVED_AT / 1000),
    body: typeof body === "object" && !(body instanceof ArrayBuffer) ? JSON.stringify(body) : body,
    attempts,
    metadata: {},
    ack: () => {
      acked.push(place);
      acked.sort((a, b) => a - b);
      happened(`ack ${place}`);
    },
    retry: (options?: QueueRetryOptions) => {
      retried.set(place, options?.delaySeconds ?? 0);
    },
  }));
  const metadata = { metrics: { backlogCount: 0, backlogBytes: 0 } };
  const batch = { queue: "the-eye-events", metadata, messages, ackAll: () => {}, retryAll: () => {} };
  return { batch, acked, retried };
}

export interface EventFound {
  session: string;
  id: string;
  application: string;
  category: string;
  name: string;
  occurred_at: number;
  received_at: number;
  data: string;
  context: string | null;
  extra: string | null;
  visitor: string | null;
  database: number;
  suffix: string;
}

function packed(column: string): string {
  return `iif(typeof(${column}) = 'blob', 'x' || lower(hex(${column})), 't' || ${column})`;
}

/** All stored events of every partition and database, in order. */
export async function allEvents(): Promise<EventFound[]> {
  const map = await partitions.latest();
  const found: EventFound[] = [];
  for (const { partition, suffix } of map.partitions.flatMap((partition) => lanesToRead(partition))) {
    for (const index of partition.databases) {
      const binding = databases[index]?.binding;
      if (binding === undefined) continue;
      const { results } = await binding
        .prepare(
          `SELECT ${packed("session_id")} AS session, ${packed("id")} AS id, application,
             coalesce(type ->> 0, category) AS category, coalesce(type ->> 1, series.name) AS name, occurred_at,
             occurred_at + received_after AS received_at, data, context, extra,
             iif(visitor_id IS NULL, NULL, ${packed("visitor_id")}) AS visitor, ${index} AS "database", '${suffix}' AS suffix
           FROM events_${suffix} JOIN series USING (series_id) JOIN categories USING (category_id)`,
        )
        .all<EventFound>();
      found.push(...results);
    }
  }
  return found
    .map((row) => ({
      ...row,
      session: unpackId(row.session),
      id: unpackId(row.id),
      visitor: row.visitor === null ? null : unpackId(row.visitor),
    }))
    .sort((a, b) => a.occurred_at - b.occurred_at || a.received_at - b.received_at);
}

/** The stored events of a session, in order. */
export async function storedEvents(session: string): Promise<EventFound[]> {
  return (await allEvents()).filter((row) => row.session === session);
}

export interface ErrorFound {
  id: string;
  received_at: number;
  application: string | null;
  session_id: string | null;
  event_id: string;
  content: string | null;
  parts: number;
  codes: string[];
  database: number;
}

/** The errors of the events with these ids, from every database. */
export async function storedErrors(eventIds: string[]): Promise<ErrorFound[]> {
  const found = await Promise.all(
    databases.map(async ({ binding, index }) => {
      const { results } = await binding
        .prepare(
          `SELECT id, received_at, application, session_id, event_id, content, parts, issues, ${index} AS "database" FROM errors
           WHERE event_id IN (SELECT value FROM json_each(?1)) ORDER BY received_at, id`,
        )
        .bind(JSON.stringify(eventIds))
        .all<ErrorFound & { issues: string }>();
      return results.map(({ issues, ...row }) => ({ ...row, codes: codesOf(JSON.parse(issues)) }));
    }),
  );
  return found.flat();
}

function codesOf(issues: { code: string }[]): string[] {
  return issues.map(({ code }) => code);
}

/** The database of a session's sample events. */
export async function databaseOfSession(session: string): Promise<number> {
  const partition = (await partitions.covering([OCCURRED_AT])).find(OCCURRED_AT);
  if (partition === null) throw new Error("no partition covers the sample");
  return databaseOf(partition, session);
}

/** A session whose sample events belong to this database. */
export async function sessionIn(database: number, prefix: string): Promise<string> {
  for (let n = 0; ; n++) if ((await databaseOfSession(`${prefix}-${n}`)) === database) return `${prefix}-${n}`;
}
