import { vi } from "vitest";
import { consume } from "../../src/pipeline/consumer";
import { firstDatabase } from "../../src/storage/core/databases";
import type { Partition } from "../../src/storage/partitions/partition";
import { loadPartitionMap, NO_PARTITIONS } from "../../src/storage/partitions/partition-records";
import { inconsistencies } from "./model/consistency";
import { disagreements } from "./model/model";
import { type Random, seeded } from "./world/random";
import { readingProblems } from "./world/reading";
import type { Sabotage } from "./world/sabotage";
import { emptyDatabases, readTables } from "./world/tables";
import { type Message, makeTraffic, type Traffic } from "./world/traffic";
import { type Fault, invoke } from "./world/weather";
import { anyFault, evict, makeWorld, type World } from "./world/world";

const MAX_ROUNDS = 150;

/** Deliveries without faults until everything must be acknowledged. */
const MAX_CALM_ROUNDS = 40;

/**
 * Runs one seed: generates traffic, delivers it with every fault that the platform may cause while rules, partitions and
 * databases change, then delivers the remaining messages without faults, and compares the databases with the model.
 *
 * @returns a description of every difference; empty if the pipeline kept its guarantees
 */
export async function simulate(seed: number, sabotage: Sabotage = "none"): Promise<string[]> {
  const random = seeded(seed);
  const traffic = makeTraffic(random);
  const world = makeWorld(random, traffic, { sabotage, isForgetful: seed % 2 === 0 });
  await emptyDatabases(world.originals);
  for (const session of traffic.sessions) await evict(session);
  const queue = makeQueue(traffic, sabotage);

  let calm = 0;
  for (let round = 0; !queue.isDone() || calm === 0; round++) {
    const isCalm = queue.isWhole() && (calm > 0 || round > traffic.messages.length * 0.7 + 3);
    if (isCalm && calm === 0) await world.resolve();
    if (isCalm) calm += 1;
    if (round > MAX_ROUNDS || calm > MAX_CALM_ROUNDS) {
      const { reasons } = world;
      return [
        `${queue.pending.size} messages are never acknowledged: ${reasons}`,
        ...queue.problems,
        ...world.problems,
      ];
    }
    passTime(world, queue);
    if (!isCalm) {
      await world.change();
      const changed = random.chance(0.3) ? world.changePartitions() : null;
      const batches = random.chance(0.6) ? 1 : 2;
      const ends = await Promise.all(Array.from({ length: batches }, () => deliver(world, queue, anyFault(random))));
      await changed;
      // Nothing outlives its invocation by a minute.
      await world.rest();
      // A redelivery often completes what a crash left half done, so this checks before.
      const afterCrash = sabotage === "none" ? 0.4 : 1;
      if (!random.chance(ends.includes("crashed") ? afterCrash : 0.04)) continue;
      const problems = await check(world, null);
      if (problems.length > 0) return problems;
    } else {
      await deliver(world, queue, "none");
    }
  }
  const reading =
    seed % 11 === 0 ? await readingProblems(world.originals, await readTables(world.originals), traffic.sessions) : [];
  return [...queue.problems, ...world.problems, ...(await check(world, traffic)), ...reading];
}

/** @param traffic whose outcome is checked; null: some of it is still in progress */
async function check(world: World, traffic: Traffic | null): Promise<string[]> {
  const partitions = await partitionsOf(world);
  const tables = await readTables(world.originals);
  return [
    ...inconsistencies(tables, partitions),
    ...(traffic === null ? [] : disagreements(traffic, tables, partitions)),
  ];
}

export async function partitionsOf({ originals }: World): Promise<readonly Partition[]> {
  return (await loadPartitionMap(firstDatabase(originals), NO_PARTITIONS)).partitions;
}

interface Pending extends Message {
  attempts: number;
}

/** The queue of events: messages that are not sent yet, not acknowledged, or acknowledged and possibly delivered again. */
export interface Queue {
  sabotage: Sabotage;
  coming: Pending[];
  pending: Map<string, Pending>;
  delivered: Pending[];
  /** Errors that an invocation threw, which none should. */
  problems: string[];
  isWhole(): boolean;
  isDone(): boolean;
}

export function makeQueue(traffic: Traffic, sabotage: Sabotage): Queue {
  const coming = traffic.messages.map((message): Pending => ({ ...message, attempts: 0 }));
  const pending = new Map<string, Pending>();
  return {
    ...{ sabotage, coming, pending, delivered: [], problems: [] },
    isWhole: () => coming.length === 0,
    isDone: () => coming.length === 0 && pending.size === 0,
  };
}

/** Some seconds, or until the next message; sometimes many minutes. */
export function passTime(world: World, { coming, pending }: Queue): void {
  const { random } = world;
  world.now += random.below(random.chance(0.1) ? 1_500 : 20) * 1_000_000;
  const [next] = coming;
  if (next !== undefined && pending.size === 0) world.now = Math.max(world.now, next.queuedAt + 1_000_000);
  // A receipt is at most a second after that of its request.
  while (coming[0] !== undefined && coming[0].queuedAt + 1_000_000 <= world.now) {
    const message = coming.shift();
    if (message !== undefined) pending.set(message.id, message);
  }
}

/** Delivers a batch to one of the consumers. Messages that are not acknowledged are delivered again. */
export async function deliver(world: World, queue: Queue, fault: Fault): Promise<"done" | "crashed"> {
  // A separate generator, so that concurrent actions do not change its numbers.
  const random = seeded(world.random.below(2 ** 31));
  const messages = draw(random, queue);
  if (messages.length === 0) return "done";
  for (const message of messages) message.attempts += 1;
  const acknowledged: Pending[] = [];
  const renewed = new Set<unknown>();
  let end: "done" | "crashed" = "crashed";
  try {
    const batch = batchOf(messages, random.chance(0.3), (message) => acknowledged.push(message));
    const sendAgain = async (body: unknown) => void renewed.add(body);
    end = await invoke(fault, random, () => consume(batch, { ...world.pipeline(random), sendAgain }));
  } catch (thrown) {
    queue.problems.push(`a consumer threw ${thrown}`);
  }
  const isLost = end === "crashed" || fault === "crash_before_acknowledgement";
  const taken = queue.sabotage === "acknowledge_before_commit" ? messages : isLost ? [] : acknowledged;
  for (const message of taken) {
    // A message that was sent again is another message with the same content.
    if (renewed.has(message.body)) {
      message.attempts = 0;
      continue;
    }
    if (queue.pending.delete(message.id)) queue.delivered.push(message);
  }
  return end;
}

/** Some of the pending messages in any order, some of them twice, and sometimes one that was acknowledged before. */
function draw(random: Random, { pending, delivered }: Queue): Pending[] {
  const chosen = random.shuffle([...pending.values()]).slice(0, 1 + random.below(8));
  const again = chosen.filter(() => random.chance(0.15));
  const late = delivered.filter(() => random.chance(0.05)).slice(0, 2);
  return random.shuffle([...chosen, ...again, ...late]);
}

/** @param isFirst marks each message as delivered for the first time, which the consumer must not rely on */
function batchOf(
  messages: Pending[],
  isFirst: boolean,
  acknowledge: (message: Pending) => void,
): MessageBatch<unknown> {
  return {
    queue: "the-eye-events",
    metadata: { metrics: { backlogCount: 0, backlogBytes: 0 } },
    messages: messages.map((message) => ({
      id: message.id,
      timestamp: new Date(message.queuedAt / 1_000),
      body: message.body,
      attempts: isFirst ? 1 : message.attempts,
      metadata: {},
      ack: () => acknowledge(message),
      retry: () => {},
    })),
    ackAll: () => messages.forEach(acknowledge),
    retryAll: () => {},
  };
}

/** Pauses between immediate retries prove nothing here, and would take most of the time. */
export function withoutWaiting(): void {
  vi.spyOn(scheduler, "wait").mockResolvedValue(undefined);
}
