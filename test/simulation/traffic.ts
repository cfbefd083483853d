import type { EventCode } from "../../src/model/codes";
import type { AcceptedEvent, Envelope } from "../../src/model/envelope";
import { formatTimestamp, type Micros } from "../../src/model/time";
import type { Random } from "./random";
import { makeRegimes, type Regime } from "./rule-sets";

/** One event as some request carried it, with what must become of it. */
export interface Submission {
  session: string;
  id: string;
  application: string;
  receivedAt: Micros;
  event: Record<string, unknown>;
  /** Microseconds since 1970, for a valid event. */
  occurredAt: Micros;
  /** The codes that it must fail with whatever the rules say; none: it is valid but for them. */
  codes: EventCode[];
}

export interface Traffic {
  applications: string[];
  sessions: string[];
  submissions: Submission[];
  envelopes: Envelope[];
  /** The sets of rules that follow each other while the messages are delivered. */
  regimes: readonly [Regime, ...Regime[]];
}

const TYPES: readonly [[string, string], ...[string, string][]] = [
  ["page interaction", "pageview"],
  ["page interaction", "cta click"],
  ["form interaction", "submit"],
];

const START: Micros = 1_700_000_000_000_000;

/**
 * Makes the requests of a few applications: sessions shared between them, equal and disordered timestamps, events that
 * fail in each way that a session decides, events sent again with the same id, and ids used twice for different events.
 */
export function makeTraffic(seed: number, random: Random): Traffic {
  const applications = [`sim-${seed}-a`, `sim-${seed}-b`];
  const sessions = Array.from({ length: 2 + random.below(5) }, (_, index) =>
    random.chance(0.5) ? `sim-${seed}-${index}` : uuidOf(seed, index),
  );
  const submissions: Submission[] = [];
  const envelopes: Envelope[] = [];
  let clock = START;
  let serial = 0;
  const requests = 4 + random.below(12);
  for (let request = 0; request < requests; request++) {
    clock += random.below(3) * 1_000 + 1_000;
    const application = random.pick([applications[0] ?? "", ...applications]);
    const accepted: { session: string; accepted: AcceptedEvent }[] = [];
    const size = 1 + random.below(random.chance(0.2) ? 12 : 3);
    for (let position = 0; position < size; position++) {
      const receivedAt = clock + position;
      const earlier = submissions[random.below(Math.max(1, submissions.length))];
      const submission =
        earlier !== undefined && random.chance(0.15)
          ? { ...repeat(earlier, random), application, receivedAt }
          : make(random, sessions, { id: `${seed}-${serial++}`, application, receivedAt });
      submissions.push(submission);
      accepted.push({
        session: submission.session,
        accepted: { id: submission.id, position, event: submission.event },
      });
    }
    clock += size;
    envelopes.push(
      ...split(random, accepted).map((events) => ({ v: 1 as const, application, received_at: clock - size, events })),
    );
  }
  return { applications, sessions, submissions, envelopes, regimes: makeRegimes(seed, random, [...TYPES]) };
}

function make(
  random: Random,
  sessions: string[],
  { id, application, receivedAt }: { id: string; application: string; receivedAt: Micros },
): Submission {
  const session = random.pick([sessions[0] ?? "", ...sessions]);
  const [category, name] = random.pick(TYPES);
  // Few different moments, so that many are equal; some far apart, so that sessions open several slots of activity.
  const occurredAt = receivedAt - (receivedAt % 1_000_000) - random.below(4) * 600_000_000 + random.below(2);
  const event = {
    session_id: session,
    category,
    name,
    data: { n: random.below(3) },
    timestamp: formatTimestamp(occurredAt),
  };
  const valid: Submission = { session, id, application, receivedAt, event, occurredAt, codes: [] };
  if (!random.chance(0.2)) return valid;
  return random.pick<Submission>([
    { ...valid, event: { ...event, timestamp: "not a date" }, codes: ["timestamp_invalid"] },
    { ...valid, event: { ...event, data: 7 }, codes: ["data_invalid"] },
    { ...valid, event: { ...event, name: "", data: "" }, codes: ["name_invalid", "data_invalid"] },
    {
      ...valid,
      event: { ...event, timestamp: formatTimestamp(receivedAt + 61_000_000) },
      codes: ["timestamp_in_future"],
    },
  ]);
}

/** The same event once more, or another one under its id. */
function repeat(earlier: Submission, random: Random): Submission {
  if (random.chance(0.6) || earlier.codes.length > 0) return earlier;
  return { ...earlier, event: { ...earlier.event, data: { other: random.below(2) } } };
}

/** Cuts a request into messages as the edge may: events of one session together. */
function split(random: Random, accepted: { session: string; accepted: AcceptedEvent }[]): AcceptedEvent[][] {
  const bySession = Map.groupBy(accepted, ({ session }) => session);
  const messages: AcceptedEvent[][] = [];
  for (const group of bySession.values()) {
    const events = group.map((one) => one.accepted);
    const last = messages.at(-1);
    if (last !== undefined && random.chance(0.7)) last.push(...events);
    else messages.push(events);
  }
  return messages;
}

function uuidOf(seed: number, index: number): string {
  return `${seed.toString(16).padStart(8, "0")}-0000-4000-8000-${index.toString(16).padStart(12, "0")}`;
}

/** What makes two submissions of a session the same event. */
export function contentKey(id: string, event: Record<string, unknown>): string {
  return JSON.stringify([event.session_id, id, event.data, event.timestamp, event.name]);
}
