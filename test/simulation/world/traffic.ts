import type { Envelope } from "../../../src/model/envelope";
import { eventIdOf } from "../../../src/model/event/event-id";
import { formatTimestamp, type Micros } from "../../../src/model/time/time";
import { LAX, makeRegimes, type Regimes } from "../model/rule-sets";
import type { Random } from "./random";

/** One event as sent in one request. No two are received in the same microsecond. */
export interface Submission extends Draft {
  id: string;
  application: string;
  receivedAt: Micros;
}

/** An event as an application sends it. */
interface Draft {
  /** Null if the event has no valid one. */
  session: string | null;
  /** The client's id, or null: the edge assigns one. */
  clientId: string | null;
  event: Record<string, unknown>;
  /** Null if the timestamp cannot be parsed. */
  occurredAt: Micros | null;
  /** True if it fails independently of the rules and of its receipt. */
  isSpoilt: boolean;
}

/** An event in pieces, because it is too large for one message. It can only fail. */
export interface Oversized extends Submission {
  digest: string;
  parts: string[];
}

/** A queue message. */
export interface Message {
  id: string;
  body: string;
  /** When the queue accepted it. */
  queuedAt: Micros;
}

export interface Traffic {
  applications: string[];
  sessions: string[];
  submissions: Submission[];
  oversized: Oversized[];
  /** Messages that are not envelopes. */
  malformed: Message[];
  /** All events, in order of receipt. */
  messages: Message[];
  regimes: Regimes;
  startedAt: Micros;
}

const TYPES: readonly [[string, string], ...[string, string][]] = [
  ["page interaction", "pageview"],
  ["page interaction", "cta click"],
  ["form interaction", "submit"],
];

const SECOND: Micros = 1_000_000;
const MINUTE: Micros = 60 * SECOND;

/** In the evening of 14 November 2023, and half an hour before the year 2024. */
const STARTS: readonly [Micros, Micros] = [1_700_000_000 * SECOND, (1_704_067_200 - 1_800) * SECOND];

/** Long before the traffic: imports and wrong clocks. The last one is in the year of the traffic. */
const OLD_MOMENTS: Micros[] = [5, 922_337_203, 1_609_492_527, 1_688_000_000].map(
  (seconds) => seconds * SECOND + 243_860,
);

/**
 * Generates the requests of two applications: shared sessions, equal and disordered timestamps in every form and of any
 * year, events that fail in each way, retries with a later receipt, copies that differ only in members that do not count as
 * content, and ids used twice for different events.
 */
export function makeTraffic(random: Random): Traffic {
  const startedAt = random.pick(STARTS) + random.below(3_600) * SECOND;
  const traffic: Traffic = {
    applications: ["shop", "blog"],
    sessions: Array.from({ length: 2 + random.below(4) }, (_, index) =>
      random.chance(0.5) ? `session-${index}` : `${index.toString(16).padStart(8, "0")}-0000-4000-8000-000000000000`,
    ),
    ...{ submissions: [], oversized: [], malformed: [], messages: [], startedAt },
    regimes: LAX,
  };
  const past = random.shuffle([...OLD_MOMENTS]).slice(0, random.below(3));
  const requests: Request[] = [];
  let clock = startedAt;
  for (let n = 3 + random.below(6); n > 0; n--) {
    clock += random.chance(0.2) ? random.below(25) * MINUTE : random.below(4_000) * 1_000 + 1_000;
    // SDKs send a request again until it is answered, and the answer may have been lost.
    const again = requests[random.below(Math.max(1, requests.length))];
    const request =
      again !== undefined && random.chance(0.12)
        ? again
        : makeRequest(random, traffic, { clock, past, n: requests.length });
    requests.push(request);
    send(random, traffic, request, clock);
    clock += 1_000;
  }
  const receipts = traffic.submissions.map(({ receivedAt }) => receivedAt);
  return { ...traffic, regimes: makeRegimes(random, TYPES, receipts) };
}

interface Request {
  /** A UUID. */
  id: string;
  application: string;
  drafts: Draft[];
}

function makeRequest(
  random: Random,
  { applications, sessions, submissions }: Traffic,
  { clock, past, n }: { clock: Micros; past: Micros[]; n: number },
): Request {
  const size = 1 + random.below(random.chance(0.3) ? 12 : 4);
  const drafts = Array.from({ length: size }, (_, position): Draft => {
    const earlier = submissions[random.below(Math.max(1, submissions.length))];
    if (earlier !== undefined && random.chance(0.3)) return vary(random, earlier);
    return makeEvent(random, {
      session: random.pick([sessions[0] ?? "", ...sessions]),
      clock,
      past,
      id: `${n}-${position}`,
    });
  });
  const id = `${n.toString(16).padStart(8, "0")}-1111-4111-8111-111111110000`;
  return { id, application: random.pick([applications[0] ?? "", ...applications]), drafts };
}

function makeEvent(
  random: Random,
  { session, clock, past, id }: { session: string; clock: Micros; past: Micros[]; id: string },
): Draft {
  const [category, name] = random.pick(TYPES);
  const occurredAt = makeMoment(random, clock, past);
  const clientId = random.chance(0.8) ? id : null;
  const event: Record<string, unknown> = {
    session_id: session,
    category,
    name,
    data: random.chance(0.3) ? { n: random.below(3), text: "ü" } : { n: random.below(3) },
    timestamp: formOf(random, occurredAt),
    ...(clientId === null ? {} : { id: clientId }),
    ...circumstances(random),
  };
  const valid: Draft = { session, clientId, event, occurredAt, isSpoilt: false };
  return random.chance(0.2) ? spoil(random, valid) : valid;
}

/** Few different timestamps, so that many are equal; some far apart, and some in the future. */
function makeMoment(random: Random, clock: Micros, past: Micros[]): Micros {
  const [old] = random.shuffle([...past]);
  if (old !== undefined && random.chance(0.3)) return old + random.below(2) * 20 * MINUTE;
  if (random.chance(0.05)) return clock + random.below(130) * SECOND;
  return clock - (clock % (30 * SECOND)) - random.below(3) * 10 * MINUTE + random.below(2);
}

/** Members that do not count as content: SDKs change them with every try. */
function circumstances(random: Random): Record<string, unknown> {
  return {
    ...(random.chance(0.3)
      ? { visitor_id: random.pick(["ann", "bob", "0000000a-0000-4000-8000-00000000000a", null]) }
      : {}),
    ...(random.chance(0.3) ? { context: random.pick<unknown>([{ try: random.below(3) }, {}, null]) } : {}),
    ...(random.chance(0.3) ? { sent_at: random.below(3), extra: { of: "the client" } } : {}),
  };
}

function spoil(random: Random, draft: Draft): Draft {
  const spoilt: Draft = { ...draft, isSpoilt: true };
  const { event } = draft;
  const { session_id: _, ...nowhere } = event;
  return random.pick<Draft>([
    { ...spoilt, event: { ...event, timestamp: "not a date" }, occurredAt: null },
    { ...spoilt, event: { ...event, data: 7 } },
    { ...spoilt, event: { ...event, name: "", data: "" } },
    { ...spoilt, event: { ...event, visitor_id: 7, context: [] } },
    { ...spoilt, event: nowhere, session: null },
    { ...spoilt, event: { ...event, session_id: "undefined" }, session: null },
  ]);
}

/** The same event again in another form, other content under its identity, or another event with its id. */
function vary(random: Random, { session, clientId, event, occurredAt, isSpoilt }: Submission): Draft {
  const same: Draft = { session, clientId, event, occurredAt, isSpoilt };
  if (isSpoilt || occurredAt === null || random.chance(0.3)) return same;
  const { visitor_id: _, context: __, sent_at: ___, extra: ____, ...bare } = event;
  const step = random.below(2) * 20 * MINUTE + 1;
  const other = occurredAt < step ? occurredAt + step : occurredAt - step;
  return random.pick<Draft>([
    { ...same, event: { ...event, timestamp: formOf(random, occurredAt) } },
    { ...same, event: { ...bare, ...circumstances(random) } },
    { ...same, event: { ...event, data: { other: random.below(2) } } },
    { ...same, event: { ...event, data: { n: random.below(3) }, name: "cta click" } },
    { ...same, event: { ...event, timestamp: formOf(random, other) }, occurredAt: other },
  ]);
}

/** A timestamp in a form that clients use. */
function formOf(random: Random, moment: Micros): string | number {
  const text = formatTimestamp(moment);
  const millis = Math.floor(moment / 1_000);
  const fraction = (of: number) => String(moment % of).padStart(String(of).length - 1, "0");
  return random.pick<string | number>([
    text,
    text.replace("T", " ").replace("Z", ""),
    text.replace("Z", "999Z"),
    formatTimestamp(moment + 120 * MINUTE).replace("Z", "+02:00"),
    Number(`${Math.floor(moment / SECOND)}.${fraction(SECOND)}`),
    // The unit of a number is determined by its size: these would be seconds in 1970.
    ...(moment < 1e14 ? [] : [moment, Number(`${millis}.${fraction(1_000)}`)]),
  ]);
}

/** Packs a request into messages like the edge, sometimes with a malformed message. */
function send(random: Random, traffic: Traffic, { id: requestId, application, drafts }: Request, clock: Micros): void {
  const { submissions, messages } = traffic;
  const sent = drafts.map((draft, position): Submission => {
    const id = draft.clientId ?? eventIdOf(null, requestId, position);
    return { ...draft, id, application, receivedAt: clock + position };
  });
  submissions.push(...sent);
  const shared = { v: 1 as const, application, received_at: clock };
  const queue = (envelope: Envelope) => enqueue(traffic, JSON.stringify(envelope), clock);
  if (random.chance(0.5)) {
    queue({ ...shared, request: { id: requestId, events: sent.map(({ event }) => event) } });
  } else {
    const events = sent.map(({ id, event }, position) => ({ id, position, event }));
    const middle = random.below(events.length);
    for (const some of [events.slice(0, middle), events.slice(middle)])
      if (some.length > 0) queue({ ...shared, events: some });
  }
  if (random.chance(0.05)) traffic.malformed.push(enqueue(traffic, `{"v":99,"of":${messages.length}}`, clock + 500));
  const [one] = sent;
  if (one === undefined || one.isSpoilt || random.chance(0.95)) return;
  const parts = ['{"session_id":', '"…",', "}"];
  const large: Oversized = { ...one, id: `large-${clock}`, receivedAt: clock + 600, digest: `digest-${clock}`, parts };
  traffic.oversized.push(large);
  for (const [part, text] of parts.entries()) {
    const piece = {
      bytes: 40_000,
      levels: 3,
      digest: large.digest,
      preview: one.event,
      part,
      parts: parts.length,
      text,
    };
    queue({ ...shared, oversized: { id: large.id, position: 600, ...piece } });
  }
}

function enqueue({ messages }: Traffic, body: string, queuedAt: Micros): Message {
  const message = { id: `message-${messages.length}`, body, queuedAt: queuedAt - (queuedAt % 1_000) };
  messages.push(message);
  return message;
}
