import { evictDurableObject, runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { parseConfig } from "../../src/model/config";
import type { EventsEnvelope } from "../../src/model/envelope";
import { groupOf } from "../../src/model/session-groups";
import type { CallGroup } from "../../src/pipeline/ask-sessions";
import type { Pipeline } from "../../src/pipeline/consumer";
import type { Segment } from "../../src/pipeline/session-log";
import type { AcceptAnswer, AcceptCall } from "../../src/pipeline/session-protocol";
import { indexRules, NO_RULES, type RuleSet } from "../../src/rules/rules";
import { type RuleEpoch, type RulesInForce, rulesInForce } from "../../src/rules/rules-in-force";
import { databasesOf } from "../../src/storage/databases";
import { packId } from "../../src/storage/packed-id";
import { writeBatch } from "../../src/storage/write-batch";
import { RECEIVED_AT, SAMPLE_EVENTS } from "./sample-events";

export const databases = databasesOf(env);

/** The pipeline as the Worker wires it, with what a test lets fail in its place. */
export function pipelineWith(changes: Partial<Pipeline> = {}): Pipeline {
  return {
    databases,
    callGroup,
    write: writeBatch,
    sendDeadLetter: () => Promise.reject(new Error("no dead letter was expected")),
    rules: async () => alwaysInForce(NO_RULES),
    config: parseConfig(env),
    log: () => {},
    ...changes,
  };
}

/** Rules that were in force at any moment. */
export function alwaysInForce(rules: RuleSet): RulesInForce {
  return rulesInForce([{ since: 0, until: Number.POSITIVE_INFINITY, rules: indexRules(rules) }]);
}

/** What a group is sent where there never was a rule. */
export const NO_EPOCHS: RuleEpoch[] = [{ since: 0, rules: NO_RULES }];

export const callGroup: CallGroup = (group, call) => env.SESSIONS.getByName(group).accept(call);

/** The object that decides on a session. */
export const groupStub = (session: string) => env.SESSIONS.getByName(groupOf(session));

/** Calls groups session by session, so that a test can answer for one of them. */
export function eachSession(answer: (call: AcceptCall, rules: RuleEpoch[]) => Promise<AcceptAnswer>): CallGroup {
  return (_group, { calls, rules }) => Promise.all(calls.map((call) => answer(call, rules)));
}

/** Has a session's group decide on it. */
export async function acceptOne(call: AcceptCall, rules: RuleEpoch[] = NO_EPOCHS): Promise<AcceptAnswer> {
  const [answer] = await groupStub(call.session).accept({ calls: [call], rules });
  if (answer === undefined) throw new Error("the group does not answer");
  return answer;
}

/** Changes what a session's group remembers of it, or has it forget the session (null), and wakes the group anew. */
export async function changeSegments(session: string, change: (segment: Segment) => Segment | null): Promise<void> {
  await runInDurableObject(groupStub(session), (_, { storage: { sql } }) => {
    const rows = sql.exec<{ slot: number; segments: string }>("SELECT slot, segments FROM log").toArray();
    for (const { slot, segments } of rows) {
      const before: Segment[] = JSON.parse(segments);
      const after = before.flatMap((segment) => (segment.session === session ? (change(segment) ?? []) : segment));
      const headings = after.map(({ session: name, about }) => [name, about.keepUntil, about.since]);
      const texts = [JSON.stringify(headings), JSON.stringify(after)];
      sql.exec("UPDATE log SET headings = ?, segments = ? WHERE slot = ?", ...texts, slot);
    }
  });
  await evictDurableObject(groupStub(session));
}

/** An event of a session with whatever a test does not care about filled in. */
export function eventOf(session: string, changes: Record<string, unknown> = {}) {
  return { ...SAMPLE_EVENTS[0], session_id: session, ...changes };
}

/** An envelope with one event for each entry: [id, event]. */
export function envelopeOf(entries: [string, unknown][], changes: Partial<EventsEnvelope> = {}): EventsEnvelope {
  const events = entries.map(([id, event], position) => ({ id, position, event }));
  return { v: 1, application: "shop", received_at: RECEIVED_AT, events, ...changes };
}

/** What became of the messages of a batch, in the order in which it became so. */
export interface Fates {
  batch: MessageBatch<unknown>;
  acked: number[];
  retried: Map<number, number>;
}

/** A queue's batch of these bodies, and what is done with its messages. `happened` is told of each acknowledgement. */
export function batchOf(bodies: unknown[], { attempts = 1, happened = (_: string) => {} } = {}): Fates {
  const acked: number[] = [];
  const retried = new Map<number, number>();
  const messages = bodies.map((body, place) => ({
    id: `message-${place}`,
    timestamp: new Date(RECEIVED_AT / 1000),
    body,
    attempts,
    metadata: {},
    ack: () => {
      acked.push(place);
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
  id: string;
  sequence: number;
  application: string;
  category: string;
  name: string;
  occurred_at: number;
  received_at: number;
  opens: number;
  data: string;
  database: number;
}

/** The stored events of a session, in order, whatever database holds them. */
export async function storedEvents(session: string): Promise<EventFound[]> {
  const found = await Promise.all(
    databases.map(async ({ index, binding }) => {
      const packed = packId(session);
      const { results } = await binding
        .prepare(
          `SELECT iif(typeof(id) = 'blob', lower(hex(id)), id) AS id, sequence, application, category, name, occurred_at,
             occurred_at + received_after AS received_at, opens, data, ${index} AS database
           FROM events JOIN series USING (series_id) JOIN categories ON categories.category_id = series.category_id
           WHERE session_id = iif(?1 = 'x', unhex(?2), ?2) ORDER BY occurred_at, received_after, sequence`,
        )
        .bind(packed.slice(0, 1), packed.slice(1))
        .all<EventFound>();
      return results;
    }),
  );
  return found.flat();
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
}

/** The errors of the events with these ids, whatever database holds them. */
export async function storedErrors(eventIds: string[]): Promise<ErrorFound[]> {
  const found = await Promise.all(
    databases.map(async ({ binding }) => {
      const { results } = await binding
        .prepare(
          `SELECT id, received_at, application, session_id, event_id, content, parts, issues FROM errors
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
