import type { EventCode } from "../../../src/model/codes";
import type { ReplayMessage, ReplaySelection } from "../../../src/model/replay";
import { formatTimestamp, type Micros } from "../../../src/model/time/time";
import type { Pipeline } from "../../../src/pipeline/process-batch";
import { consumeReplays } from "../../../src/pipeline/replay/replay";
import { indexRules } from "../../../src/rules/rules";
import { insertReplay } from "../../../src/storage/admin/replays";
import { firstDatabase } from "../../../src/storage/core/databases";
import { type Random, seeded } from "../world/random";
import type { Traffic } from "../world/traffic";
import { type Fault, invoke } from "../world/weather";
import { RULE_LEAD, type World } from "../world/world";
import { type Regime, regimeAt } from "./rule-sets";

/** The changes that a replay makes to an event, for the model. */
export interface Effect {
  sets: Record<string, unknown>;
  /** The timestamp that it sets, if any. */
  occurredAt: Micros | null;
}

export interface BegunReplay extends Effect {
  /** The rules that it validates by. */
  regime: Regime;
}

export interface Replays {
  /** By the replay's id. */
  begun: Map<string, BegunReplay>;
  /** Messages that are not acknowledged yet. */
  pending(): number;
  /** Begins a replay of some errors, with some repair or none. */
  begin(): Promise<void>;
  /**
   * Begins replays of everything, two different ones for each application. After their repairs only the rules can fail an
   * event.
   */
  beginLast(): Promise<void>;
  /** Delivers one of the messages. It is delivered again unless it is acknowledged, and may be delivered twice at once. */
  deliver(fault: Fault, change?: (pipeline: Pipeline) => Pipeline): Promise<void>;
}

/** Small, so that a replay has many steps. */
const ERRORS_PER_STEP = 3;

export interface ReplayOptions {
  effectOf?: (random: Random, traffic: Traffic) => Effect;
  /** The time whose rules a replay validates by. */
  validatedAt?: (createdAt: Micros) => Micros;
}

export function startReplays(world: World, traffic: Traffic, options: ReplayOptions = {}): Replays {
  const { random } = world;
  const { effectOf = anyEffect, validatedAt = (createdAt) => createdAt + RULE_LEAD } = options;
  const home = firstDatabase(world.originals);
  const begun: Replays["begun"] = new Map();
  const pending: { message: ReplayMessage; attempts: number }[] = [];
  const ask = (message: ReplayMessage) => pending.push({ message, attempts: 0 });

  async function insert(selection: ReplaySelection, effect: Effect) {
    const id = `replay-${begun.size}`;
    const createdAt = world.now;
    const edits = Object.entries(effect.sets).map(([name, value]) => ({ op: "set" as const, path: `/${name}`, value }));
    begun.set(id, { ...effect, regime: regimeAt(traffic.regimes, createdAt + RULE_LEAD) });
    await insertReplay(home, { id, createdAt, selection, repair: edits.length === 0 ? null : { edits } });
    ask({ v: 1, replay: id, step: 0 });
  }

  return {
    begun,
    pending: () => pending.length,
    async begin() {
      const application = random.pick([null, ...traffic.applications]);
      const code = random.pick<EventCode | null>([null, null, null, "data_invalid", "id_conflict", "unplanned_event"]);
      const session = random.chance(0.2) ? (traffic.sessions[0] ?? null) : null;
      const filter = { code, session, category: null, name: null, application, from: null, to: null };
      await insert({ filter }, effectOf(random, traffic));
    },
    async beginLast() {
      for (const application of traffic.applications) {
        const any = { code: null, session: null, category: null, name: null, from: null, to: null };
        await insert({ filter: { ...any, application } }, fixAll(traffic, 0));
        await insert({ filter: { ...any, application } }, movingEffect(random, traffic));
      }
    },
    async deliver(fault, change = (pipeline) => pipeline) {
      const own = seeded(random.below(2 ** 31));
      const chosen = pending[own.below(pending.length)];
      if (chosen === undefined) return;
      chosen.attempts += 1;
      const acknowledged: true[] = [];
      const batch = batchOf(chosen, () => acknowledged.push(true));
      const end = await invoke(fault, own, () =>
        consumeReplays(batch, {
          ...change(world.pipeline(own)),
          errorsPerStep: ERRORS_PER_STEP,
          now: () => world.now,
          sendReplay: async (message) => void ask(message),
          replayRules: async (createdAt) => indexRules(regimeAt(traffic.regimes, validatedAt(createdAt)).book),
        }),
      );
      if (end === "crashed" || acknowledged.length === 0 || fault === "crash_before_acknowledgement") return;
      const place = pending.indexOf(chosen);
      if (place !== -1) pending.splice(place, 1);
    },
  };
}

/** A repair after which only the rules can fail an event. */
function fixAll({ startedAt }: Traffic, k: number): Effect {
  // Before every receipt, in one of two windows.
  const occurredAt = startedAt - 3_600_000_000 - k * 900_000_000;
  const sets = {
    data: { n: k },
    name: "pageview",
    timestamp: formatTimestamp(occurredAt),
    visitor_id: null,
    context: null,
  };
  return { sets, occurredAt };
}

/** Repairs that fix everything in different ways; some that set another session; one that fixes a part; and none. */
function anyEffect(random: Random, traffic: Traffic): Effect {
  const fixed = fixAll(traffic, random.below(2));
  const session = random.pick([traffic.sessions[0], ...traffic.sessions]);
  return random.pick<Effect>([
    fixed,
    fixed,
    { ...fixed, sets: { ...fixed.sets, session_id: session } },
    { sets: { data: { part: random.below(2) } }, occurredAt: null },
    { sets: {}, occurredAt: null },
  ]);
}

/** Repairs that each set another session: only claims keep two of them from storing two events for one error. */
export function movingEffect(random: Random, traffic: Traffic): Effect {
  const fixed = fixAll(traffic, random.below(2));
  return { ...fixed, sets: { ...fixed.sets, session_id: random.pick([traffic.sessions[0], ...traffic.sessions]) } };
}

function batchOf(
  { message, attempts }: { message: ReplayMessage; attempts: number },
  acknowledge: () => void,
): MessageBatch<unknown> {
  const only = {
    id: `${message.replay} ${message.step}`,
    timestamp: new Date(0),
    body: structuredClone(message),
    // Nothing here is refused permanently, so no error may be skipped.
    attempts: Math.min(attempts, 4),
    metadata: {},
    ack: acknowledge,
    retry: () => {},
  };
  const metadata = { metrics: { backlogCount: 0, backlogBytes: 0 } };
  return { queue: "the-eye-replays", metadata, messages: [only], ackAll: acknowledge, retryAll: () => {} };
}
