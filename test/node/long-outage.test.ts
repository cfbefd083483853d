import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "smol-toml";
import { describe, expect, it } from "vitest";
import { QUEUE_RETENTION_SECONDS } from "../../src/model/limits";
import { mustRenew, redelivery } from "../../src/pipeline/retry-policy";

/**
 * Simulates an outage of every database with the settings of a deployment, in virtual time. One message of the simulation
 * represents many of the queue, and the consumer's capacity is scaled in the same way. This preserves how long a message
 * waits until it is delivered again, and its age and number of deliveries by then.
 */

interface Consumer {
  queue: string;
  max_batch_size: number;
  max_concurrency: number;
  max_retries: number;
}

const config = parse(readFileSync(join(import.meta.dirname, "../../wrangler.toml"), "utf8")) as unknown as {
  queues: { consumers: Consumer[] };
};

function consumerOf(queue: string): Consumer {
  const found = config.queues.consumers.find((one) => one.queue === queue);
  if (found === undefined) throw new Error(`wrangler.toml has no consumer of ${queue}`);
  return found;
}

const DAY = 86_400;

/** How long a batch takes while no database answers: ANSWER_TIMEOUT_MS of the pipeline. Afterwards it takes much less. */
const FAILING_BATCH_SECONDS = 10;
const STORING_BATCH_SECONDS = 2;

interface Outage {
  days: number;
  /** Messages that arrive at the queue during the outage and afterwards. */
  messagesPerSecond: number;
  retentionSeconds: number;
}

interface Result {
  stored: number;
  /** Deleted by the platform: too old, or delivered too often. */
  lost: number;
  renewed: number;
  oldestSeconds: number;
  /** From the end of the outage until its backlog is processed. */
  drainedAfterSeconds: number;
}

/** A message in the queue. */
interface Waiting {
  sentAt: number;
  visibleAt: number;
  attempts: number;
}

const SIMULATED_MESSAGES = 20_000;

/** mulberry32 */
function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

function simulate(outage: Outage, { max_batch_size, max_concurrency, max_retries }: Consumer): Result {
  const random = seeded(1);
  const end = outage.days * DAY;
  const messages = outage.messagesPerSecond * end;
  const scale = messages / SIMULATED_MESSAGES;
  const interval = scale / outage.messagesPerSecond;
  const secondsOf = (batchSeconds: number) => (scale * batchSeconds) / (max_batch_size * max_concurrency);
  const result: Result = { stored: 0, lost: 0, renewed: 0, oldestSeconds: 0, drainedAfterSeconds: 0 };
  const queue = new Heap();
  let arrived = 0;
  for (let now = 0; arrived < SIMULATED_MESSAGES || queue.size > 0; ) {
    while (arrived < SIMULATED_MESSAGES && arrived * interval <= now) {
      queue.push({ sentAt: arrived * interval, visibleAt: arrived * interval, attempts: 0 });
      arrived += 1;
    }
    const next = queue.peek();
    if (next === undefined || next.visibleAt > now) {
      const incoming = arrived < SIMULATED_MESSAGES ? arrived * interval : Number.POSITIVE_INFINITY;
      now = Math.min(next?.visibleAt ?? Number.POSITIVE_INFINITY, incoming);
      continue;
    }
    queue.pop();
    const message = { ...next, attempts: next.attempts + 1 };
    now += secondsOf(now < end ? FAILING_BATCH_SECONDS : STORING_BATCH_SECONDS);
    const ageSeconds = now - message.sentAt;
    result.oldestSeconds = Math.max(result.oldestSeconds, ageSeconds);
    if (ageSeconds > outage.retentionSeconds || message.attempts > max_retries + 1) {
      result.lost += 1;
    } else if (now >= end) {
      result.stored += 1;
      result.drainedAfterSeconds = now - end;
    } else {
      const decided = redelivery("overloaded", { attempts: message.attempts, ageSeconds }, random());
      if (decided.kind === "dead_letter") throw new Error("an outage is nobody's fault");
      if (decided.kind === "renew") {
        result.renewed += 1;
        queue.push({ sentAt: now, visibleAt: now, attempts: 0 });
      } else {
        queue.push({ ...message, visibleAt: now + decided.delaySeconds });
      }
    }
  }
  return result;
}

/** A binary heap by `visibleAt`. */
class Heap {
  private readonly items: Waiting[] = [];

  get size(): number {
    return this.items.length;
  }

  peek(): Waiting | undefined {
    return this.items[0];
  }

  push(item: Waiting): void {
    this.items.push(item);
    for (let place = this.items.length - 1; place > 0; ) {
      const parent = (place - 1) >> 1;
      if (this.at(parent) <= this.at(place)) return;
      this.swap(place, parent);
      place = parent;
    }
  }

  pop(): Waiting | undefined {
    this.swap(0, this.items.length - 1);
    const top = this.items.pop();
    for (let place = 0; ; ) {
      const left = 2 * place + 1;
      const smaller = this.at(left + 1) < this.at(left) ? left + 1 : left;
      if (this.at(smaller) >= this.at(place)) return top;
      this.swap(place, smaller);
      place = smaller;
    }
  }

  private at(place: number): number {
    return this.items[place]?.visibleAt ?? Number.POSITIVE_INFINITY;
  }

  private swap(one: number, other: number): void {
    const [a, b] = [this.items[one], this.items[other]];
    if (a === undefined || b === undefined) return;
    this.items[one] = b;
    this.items[other] = a;
  }
}

describe("an outage of every database", () => {
  const events = consumerOf("the-eye-events");
  const usual = { messagesPerSecond: 100, retentionSeconds: QUEUE_RETENTION_SECONDS };

  it.each([7, 10])("of %i days at 100 messages a second loses nothing", (days) => {
    const result = simulate({ ...usual, days }, events);
    expect(result).toMatchObject({ lost: 0, stored: SIMULATED_MESSAGES });
    // Half of the retention must remain.
    expect(result.oldestSeconds).toBeLessThan(QUEUE_RETENTION_SECONDS / 2);
    expect(result.renewed).toBeGreaterThan(0);
    // At 400 messages a second.
    expect(result.drainedAfterSeconds).toBeLessThan(days * 0.3 * DAY);
  });

  it("would lose events with the platform's own retention of four days", () => {
    expect(simulate({ ...usual, days: 10, retentionSeconds: 4 * DAY }, events).lost).toBeGreaterThan(0);
  });

  it("loses no dead letters, at one a second", () => {
    const deadLetters = consumerOf("the-eye-dead-letters");
    expect(mustRenew({ attempts: 1, ageSeconds: DAY })).toBe(true);
    const result = simulate({ ...usual, days: 7, messagesPerSecond: 1 }, deadLetters);
    expect(result.lost).toBe(0);
  });
});
