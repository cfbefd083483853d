import { evictDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { parseConfig } from "../../src/model/config";
import type { Envelope } from "../../src/model/envelope";
import type { CallGroup } from "../../src/pipeline/ask-sessions";
import { consume, type Pipeline } from "../../src/pipeline/consumer";
import type { AcceptAnswer, AcceptCall } from "../../src/pipeline/session-protocol";
import { databasesOf } from "../../src/storage/databases";
import { writeBatch } from "../../src/storage/write-batch";
import { alwaysInForce, callGroup, changeSegments, groupStub } from "../pipeline/harness";
import { type Deliveries, newDeliveries } from "./deliveries";
import { differences } from "./outcome";
import { type Random, seeded } from "./random";
import type { Regime } from "./rule-sets";
import { makeTraffic, type Traffic } from "./traffic";

/** A rule of the pipeline that is broken on purpose, to show that the simulation notices. */
export type Sabotage = "none" | "forget_ids" | "acknowledge_before_commit" | "judge_failures_again" | "forget_shadow";

export interface Pending {
  id: string;
  body: Envelope;
  attempts: number;
}

/** What may go wrong in one delivery of a batch. */
export type Fault =
  | "none"
  | "crash_before_commit"
  | "crash_before_acknowledgement"
  | "lost_write"
  | "overloaded"
  | "lost_call";

export const FAULTS: readonly [Fault, ...Fault[]] = [
  "none",
  "none",
  "none",
  "crash_before_commit",
  "crash_before_acknowledgement",
  "lost_write",
  "overloaded",
  "lost_call",
];

export const MAX_DELIVERIES = 400;

/**
 * Runs one seed: makes traffic, delivers it with everything that the platform is allowed to do, then delivers what is
 * left without faults, and compares the databases with the model.
 *
 * @returns every difference in words; none: the pipeline kept its promises
 */
export async function simulate(seed: number, sabotage: Sabotage = "none"): Promise<string[]> {
  const random = seeded(seed);
  const traffic = makeTraffic(seed, random);
  const pending = new Map<string, Pending>();
  for (const [index, body] of traffic.envelopes.entries())
    pending.set(`${seed}-${index}`, { id: `${seed}-${index}`, body, attempts: 0 });
  const delivered: Pending[] = [];
  const writes: Promise<unknown>[] = [];
  const record = newDeliveries();

  for (let delivery = 0; pending.size > 0 || delivery < 5; delivery++) {
    if (delivery > MAX_DELIVERIES) return [`${pending.size} messages are never acknowledged`];
    const calm = delivery > traffic.envelopes.length;
    const batches = calm || random.chance(0.7) ? 1 : 2;
    await Promise.all(
      Array.from({ length: batches }, () => {
        const batch = draw(random, pending, calm ? [] : delivered);
        return deliver(batch, calm ? "none" : random.pick(FAULTS), {
          ...{ random, sabotage, pending, delivered, writes, traffic, record },
        });
      }),
    );
    if (calm) continue;
    // No write of an invocation outlives it by an hour.
    await Promise.allSettled(writes);
    await disturb(random, traffic.sessions, record);
  }
  await Promise.allSettled(writes);
  return differences(traffic, databasesOf(env), record);
}

/** Some of the pending messages in any order, some of them twice, and now and then one that was acknowledged before. */
export function draw(random: Random, pending: Map<string, Pending>, delivered: Pending[]): Pending[] {
  const chosen = random.shuffle([...pending.values()]).slice(0, 1 + random.below(6));
  const again = chosen.filter(() => random.chance(0.15));
  const late = delivered.filter(() => random.chance(0.05)).slice(0, 2);
  return random.shuffle([...chosen, ...again, ...late]);
}

export interface Surroundings {
  random: Random;
  sabotage: Sabotage;
  pending: Map<string, Pending>;
  delivered: Pending[];
  writes: Promise<unknown>[];
  traffic: Traffic;
  record: Deliveries;
}

export async function deliver(messages: Pending[], fault: Fault, around: Surroundings): Promise<void> {
  if (messages.length === 0) return;
  for (const message of messages) message.attempts += 1;
  const acknowledged: Pending[] = [];
  // The rules change at any time: each delivery has its own.
  const regime = around.random.pick(around.traffic.regimes);
  for (const { body } of messages) around.record.deliver(body, regime);
  const batch = batchOf(messages, (message) => acknowledged.push(message));
  const end = await crashable((crash) => consume(batch, faultyPipeline(fault, around, { crash, regime })));

  const lost = end === "crashed" || fault === "crash_before_acknowledgement";
  const taken = around.sabotage === "acknowledge_before_commit" ? messages : lost ? [] : acknowledged;
  for (const message of taken) {
    around.pending.delete(message.id);
    around.delivered.push(message);
  }
}

/** Runs an invocation until it is done, or is ended in its midst: what it waits for then never comes. */
export async function crashable(invoke: (crash: () => void) => Promise<void>): Promise<"done" | "crashed"> {
  let crash: () => void = () => {};
  const crashed = new Promise<"crashed">((resolve) => {
    crash = () => resolve("crashed");
  });
  return Promise.race([invoke(crash).then(() => "done" as const), crashed]);
}

export function faultyPipeline(
  fault: Fault,
  { random, sabotage, writes, record }: Surroundings,
  { crash, regime }: { crash: () => void; regime: Regime },
): Pipeline {
  const databases = databasesOf(env);
  const stricken = random.below(databases.length);
  let failures = fault === "lost_write" || fault === "lost_call" ? 1 + random.below(2) : Number.POSITIVE_INFINITY;
  const config = parseConfig(env);
  const ask = sabotaged(sabotage);
  return {
    databases,
    rules: async () => alwaysInForce(regime.rules),
    config,
    log: () => {},
    sendDeadLetter: () => Promise.reject(new Error("nothing in this traffic deserves the dead letters")),
    callGroup: async (group, { calls, rules }) => {
      const answers = await ask(group, { calls, rules });
      for (const [place, answer] of answers.entries()) record.answer(calls[place], answer);
      if (fault === "lost_call" && failures-- > 0 && random.chance(0.5)) {
        // The group did its work; only its answers were lost.
        throw Object.assign(new Error("Network connection lost."), { retryable: true });
      }
      return sabotage === "forget_shadow" ? answers.map(withoutShadow) : answers;
    },
    write: async (database, rows) => {
      if (fault === "crash_before_commit" && database.index === stricken) {
        crash();
        return new Promise(() => {});
      }
      if (fault === "overloaded" && database.index === stricken)
        throw new Error("D1_ERROR: D1 DB is overloaded. Requests queued for too long.");
      if (fault === "lost_write" && database.index === stricken && failures-- > 0) {
        // Whether the transaction was committed is not known when the connection goes: both happen.
        if (random.chance(0.5)) await writeBatch(database, rows);
        throw new Error("D1_ERROR: Network connection lost.");
      }
      const write = writeBatch(database, rows);
      writes.push(write);
      await write;
    },
  };
}

/** Evicts groups between calls, and has them forget sessions, whatever of them is under way: that is an hour later. */
export async function disturb(random: Random, sessions: string[], record: Deliveries): Promise<void> {
  for (const session of sessions) {
    if (!random.chance(0.2)) continue;
    if (random.chance(0.5)) {
      record.forgotten.add(session);
      await forget(session);
    } else {
      await evict(session);
    }
  }
}

/** Calls groups, and has them forget before that what the sabotage says. */
function sabotaged(sabotage: Sabotage): CallGroup {
  const spoil = sabotage === "forget_ids" ? forget : sabotage === "judge_failures_again" ? forgetFailures : null;
  if (spoil === null) return callGroup;
  const ask: CallGroup = async (group, { calls, rules }) => {
    for (const { session } of calls) await spoil(session);
    const absent: AcceptCall[] = calls.map((call) => ({ ...call, presence: { kind: "absent" } }));
    return callGroup(group, { calls: sabotage === "forget_ids" ? absent : calls, rules });
  };
  return (...asked) => {
    const answers = turn.then(() => ask(...asked));
    turn = answers.catch(() => {});
    return answers;
  };
}

/** Sabotage goes one call after the other: a group that is woken anew cannot answer what is under way. */
let turn: Promise<unknown> = Promise.resolve();

/** As the group does with a session that has been quiet for long. */
async function forget(session: string): Promise<void> {
  await changeSegments(session, () => null);
}

/** As a group would that remembers only what it stored. */
async function forgetFailures(session: string): Promise<void> {
  await changeSegments(session, (segment) => ({ ...segment, failed: [] }));
}

/** As a group would that tells what a schema in shadow says only once. */
function withoutShadow(answer: AcceptAnswer): AcceptAnswer {
  if (answer.kind !== "decided") return answer;
  const outcomes = answer.outcomes.map((outcome) => {
    if (outcome.kind !== "stored" || !outcome.duplicate) return outcome;
    const { shadow: _, ...rest } = outcome;
    return rest;
  });
  return { ...answer, outcomes };
}

export async function evict(session: string): Promise<void> {
  try {
    await evictDurableObject(groupStub(session));
  } catch {
    // It was not running.
  }
}

function batchOf(messages: Pending[], acknowledge: (message: Pending) => void): MessageBatch<unknown> {
  return {
    queue: "the-eye-events",
    metadata: { metrics: { backlogCount: 0, backlogBytes: 0 } },
    messages: messages.map((message) => ({
      id: message.id,
      timestamp: new Date(1_700_000_100_000),
      body: structuredClone(message.body),
      attempts: message.attempts,
      metadata: {},
      ack: () => acknowledge(message),
      retry: () => {},
    })),
    ackAll: () => messages.forEach(acknowledge),
    retryAll: () => {},
  };
}
