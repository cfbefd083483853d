import { evictDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { parseConfig } from "../../../src/model/config";
import type { Micros } from "../../../src/model/time/time";
import type { CallSession } from "../../../src/pipeline/call-sessions";
import type { Pipeline } from "../../../src/pipeline/process-batch";
import { createRuleSource, type RuleSource } from "../../../src/rules/rule-source";
import { type Database, databasesOf, firstDatabase } from "../../../src/storage/core/databases";
import { createErasureSource, type ErasureSource } from "../../../src/storage/erasures/erasure-source";
import { sealPartition } from "../../../src/storage/partitions/partition-lifecycle";
import { maintainPartitions } from "../../../src/storage/partitions/partition-maintenance";
import {
  addCommonCategories,
  cutPartition,
  loadPartitionMap,
  NO_PARTITIONS,
} from "../../../src/storage/partitions/partition-records";
import {
  createPartitionStore,
  MAP_LEAD_MICROS,
  type PartitionStore,
} from "../../../src/storage/partitions/partition-store";
import { writeBatch } from "../../../src/storage/write/write-batch";
import { TOLERANCE } from "../model/expectations";
import { type Conditions, faultyDatabase } from "./faulty-databases";
import type { Random } from "./random";
import { divisionOf, type Sabotage, sabotaged } from "./sabotage";
import type { Traffic } from "./traffic";
import { currentWeather, FAULTS, type Fault, invoke, never } from "./weather";

const MINUTE: Micros = 60_000_000;
const WINDOW: Micros = 15 * MINUTE;

/** A consuming isolate: its caches, and the databases of its deployment. */
interface Consumer {
  databases: Database[];
  partitions: PartitionStore;
  erasures: ErasureSource;
  rules: RuleSource;
}

/** Everything around the pipeline that has state, with a simulated clock. */
export interface World {
  random: Random;
  /** Microseconds since 1970. */
  now: Micros;
  /** As bound, without faults. */
  originals: Database[];
  /** The same with the faults of the weather. */
  faulty: Database[];
  conditions: Conditions;
  /** A pipeline in one of the consuming isolates. */
  pipeline(random: Random): Pipeline;
  /** Fills or empties databases, lets a deployment reach an isolate, and evicts objects. */
  change(): Promise<void>;
  /** Seals or cuts a partition, or records a common category, concurrently with deliveries. It may fail halfway. */
  changePartitions(): Promise<void>;
  /** Ends all faults, and finishes interrupted operations. */
  resolve(): Promise<void>;
  /** Waits for calls that outlived their invocations. */
  rest(): Promise<void>;
  /** Why the last failed batch failed. */
  reasons: string[];
  /** Errors in the creation of partitions. */
  problems: string[];
}

export interface WorldOptions {
  sabotage: Sabotage;
  /** Every object forgets everything between any two calls. */
  isForgetful: boolean;
}

export function makeWorld(random: Random, traffic: Traffic, { sabotage, isForgetful }: WorldOptions): World {
  const originals = databasesOf(env).slice(0, random.chance(0.3) ? 3 : 2);
  const conditions: Conditions = {
    ...{ full: new Set(), nearlyFull: new Set(), inFlight: [] },
    ...{ divide: divisionOf(sabotage), rewrite: (sql) => sql },
  };
  const faulty = originals.map((database) => faultyDatabase(database, conditions));
  const first = firstDatabase(faulty);
  const config = parseConfig(env);
  const widthMicros = WINDOW * random.pick([1, 2, 4, 8, 16]);
  const nowMs = () => Math.floor(world.now / 1_000);

  const startConsumer = (databases: Database[]): Consumer => ({
    databases,
    partitions: createPartitionStore(databases, { widthMicros }, nowMs),
    erasures: createErasureSource(firstDatabase(databases), nowMs),
    rules: createRuleSource(
      ruleLoader(traffic, () => world.now),
      { leadMs: RULE_LEAD / 1_000, now: nowMs },
    ),
  });
  const before = random.chance(0.7) ? 1 + random.below(faulty.length - 1) : faulty.length;
  let consumers = [startConsumer(faulty.slice(0, before)), startConsumer(faulty.slice(0, before))];
  let isWhole = before === faulty.length;

  const sealing = new Set<number>();
  const known = new Set<number>();

  async function checkNewPartitions(): Promise<void> {
    const { partitions } = await loadPartitionMap(firstDatabase(originals), NO_PARTITIONS);
    for (const { id, databases } of partitions.filter((one) => !known.has(one.id))) {
      known.add(id);
      const refused = databases.filter((index) => conditions.full.has(index) || conditions.nearlyFull.has(index));
      if (refused.length > 0) world.problems.push(`partition ${id} was made in databases without room: ${refused}`);
    }
  }

  async function attempt(fault: Fault, task: () => Promise<void>): Promise<void> {
    try {
      await invoke(fault, random, task);
    } catch {
      // The cron runs again.
    }
  }

  async function partitionById(id: number) {
    return (await loadPartitionMap(first, NO_PARTITIONS)).partitions.find((partition) => partition.id === id);
  }

  async function seal(id: number): Promise<void> {
    const partition = await partitionById(id);
    if (partition !== undefined) await sealPartition(faulty, partition);
  }

  async function changePartitions(): Promise<void> {
    const { partitions } = await loadPartitionMap(firstDatabase(originals), NO_PARTITIONS);
    const [one] = random.shuffle(partitions.filter(({ ready, state }) => ready && state === "open"));
    if (one === undefined) return;
    const changes: [() => Promise<void>, ...(() => Promise<void>)[]] = [
      () => seal(one.id),
      () => seal(one.id),
      // Like the cron: no event can have reached the new end, and every consumer will know it by then.
      () => cutPartition(first, one, Math.ceil((world.now + TOLERANCE + 2 * MAP_LEAD_MICROS) / WINDOW) * WINDOW),
      () => addCommonCategories(first, one, ["page interaction"], world.now + MAP_LEAD_MICROS),
      () => maintain(),
    ];
    const change = random.pick(changes);
    if (change === changes[0] || change === changes[1]) sealing.add(one.id);
    await attempt(random.pick<Fault>(["none", "none", "crash", "lost_answer"]), change);
  }

  async function maintain(): Promise<void> {
    const { partitions } = random.pick([consumers[0] ?? startConsumer(faulty), ...consumers]);
    const { futureToleranceMicros } = config;
    await maintainPartitions({ databases: faulty, partitions, futureToleranceMicros, log: () => {} }, world.now);
  }

  async function changeDatabases(): Promise<void> {
    for (const set of [conditions.full, conditions.nearlyFull]) {
      if (!random.chance(set.size > 0 ? 0.3 : 0.08)) continue;
      await checkNewPartitions();
      if (set.size > 0) set.clear();
      else set.add(random.below(originals.length));
    }
  }

  /** A deployment with one more database reaches one isolate after the other. */
  function deploy(): void {
    if (!isWhole && random.chance(0.3)) {
      consumers.push(startConsumer(faulty));
      isWhole = true;
    } else if (isWhole && random.chance(0.1)) {
      consumers = [...consumers.slice(1), startConsumer(faulty)];
    }
  }

  const world: World = {
    ...{ random, originals, faulty, conditions, now: traffic.startedAt, reasons: [], problems: [] },
    pipeline(own) {
      const consumer = own.pick([consumers[0] ?? startConsumer(faulty), ...consumers]);
      const pipeline: Pipeline = {
        ...{ databases: consumer.databases, partitions: consumer.partitions, config },
        erasures: consumer.erasures,
        write: writeBatch,
        now: () => world.now,
        callSession: sessionCalls(isForgetful),
        rules: (receipts) => consumer.rules.read(receipts),
        sendDeadLetter: () => Promise.reject(new Error("nothing in this traffic should go to the dead letters")),
        sendAgain: () => Promise.reject(new Error("messages that are sent again go to the queue of the traffic")),
        log: ({ reasons }) => {
          if (Array.isArray(reasons) && reasons.length > 0) world.reasons = reasons.map(String);
        },
      };
      return sabotaged(sabotage, pipeline, { now: world.now, regimes: traffic.regimes, originals });
    },
    changePartitions,
    async change() {
      await changeDatabases();
      deploy();
      if (!isForgetful) for (const session of traffic.sessions) if (random.chance(0.2)) await evict(session);
    },
    async resolve() {
      await checkNewPartitions();
      conditions.full.clear();
      conditions.nearlyFull.clear();
      consumers = [startConsumer(faulty)];
      isWhole = true;
      for (const id of sealing) {
        await seal(id).catch((thrown: unknown) => world.problems.push(`partition ${id} cannot be sealed: ${thrown}`));
      }
      sealing.clear();
    },
    async rest() {
      await Promise.allSettled(conditions.inFlight);
      conditions.inFlight.length = 0;
    },
  };
  return world;
}

/** From a change of the rules until it is in force. */
export const RULE_LEAD: Micros = MINUTE;

/** The rules as read from the first database: a later change is visible from one lead before it is in force. */
function ruleLoader({ regimes }: Traffic, now: () => Micros) {
  return {
    async epochs(after: Micros) {
      if (currentWeather()?.fault === "rules_unread") throw new Error("D1_ERROR: D1 DB is overloaded.");
      return regimes.map(({ since }) => since).filter((since) => since > after && since - RULE_LEAD <= now());
    },
    async rulesOf(since: Micros) {
      const regime = regimes.find((one) => one.since === since);
      if (regime === undefined) throw new Error(`no rules are in force from ${since} on`);
      return regime.book;
    },
  };
}

/** Calls the real objects. Forgetful ones are evicted before each call. */
function sessionCalls(isForgetful: boolean): CallSession {
  const call: CallSession = async (session, incomingEvents) => {
    const weather = currentWeather();
    if (weather?.isOver) return never();
    if (isForgetful) await evict(session);
    const answer = await env.SESSIONS.getByName(session).accept(incomingEvents);
    if (weather === undefined || weather.fault !== "lost_call" || weather.strikes-- <= 0) return answer;
    throw Object.assign(new Error("Network connection lost."), { retryable: true });
  };
  return isForgetful ? (session, incomingEvents) => inTurn(session, () => call(session, incomingEvents)) : call;
}

const turns = new Map<string, Promise<unknown>>();

/** One call at a time: an evicted object cannot answer a running call. */
function inTurn<Answer>(session: string, call: () => Promise<Answer>): Promise<Answer> {
  const answer = (turns.get(session) ?? Promise.resolve()).then(call);
  turns.set(
    session,
    answer.catch(() => {}),
  );
  return answer;
}

export async function evict(session: string): Promise<void> {
  try {
    await evictDurableObject(env.SESSIONS.getByName(session));
  } catch {
    // The object was not running.
  }
}

export function anyFault(random: Random): Fault {
  return random.pick(FAULTS);
}
