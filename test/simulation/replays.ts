import { env } from "cloudflare:workers";
import type { EventCode } from "../../src/model/codes";
import type { ReplayMessage, ReplaySelection } from "../../src/model/replay";
import { formatTimestamp, type Micros } from "../../src/model/time";
import type { Pipeline } from "../../src/pipeline/consumer";
import { consumeReplays } from "../../src/pipeline/replay";
import { type Database, databasesOf } from "../../src/storage/databases";
import { insertReplay } from "../../src/storage/replays";
import type { Random } from "./random";
import { crashable, type Fault } from "./simulate";
import type { Traffic } from "./traffic";

/** What a replay's repair does, for the model to know: the codes that it mends, and the members that it sets. */
export interface Effect {
  mends: EventCode[];
  sets: Record<string, unknown>;
}

export interface Replays {
  /** By the replay's id. */
  begun: Map<string, Effect>;
  /** Messages that are not acknowledged yet. */
  pending(): number;
  /** Begins a replay of some errors, with some repair or none. */
  begin(): Promise<void>;
  /** Begins replays of everything, with a repair that makes every event valid. */
  beginLast(): Promise<void>;
  /** Delivers one of the messages. It comes again unless it is acknowledged, and may be delivered twice at once. */
  deliver(fault: Fault, pipelineOf: (crash: () => void) => Pipeline): Promise<void>;
}

/** When mended events occurred: valid whenever they were received. */
const MENDED_AT: Micros = 1_699_999_000_000_000;

/** Few, so that a replay has many steps. */
const ERRORS_PER_STEP = 2;

const EVERY_CODE: EventCode[] = ["timestamp_invalid", "data_invalid", "name_invalid", "timestamp_in_future"];

export function startReplays(
  seed: number,
  random: Random,
  traffic: Traffic,
  effectOf: (random: Random, traffic: Traffic) => Effect = anyEffect,
): Replays {
  const [first] = databasesOf(env);
  if (first === undefined) throw new Error("There is no database.");
  const home: Database = first;
  const begun = new Map<string, Effect>();
  const pending: { message: ReplayMessage; attempts: number }[] = [];
  const ask = (message: ReplayMessage) => pending.push({ message, attempts: 0 });

  async function insert(selection: ReplaySelection, effect: Effect) {
    const id = `sim-${seed}-replay-${begun.size}`;
    const edits = Object.entries(effect.sets).map(([name, value]) => ({ op: "set" as const, path: `/${name}`, value }));
    await insertReplay(home, { id, createdAt: MENDED_AT, selection, repair: edits.length === 0 ? null : { edits } });
    begun.set(id, effect);
    ask({ v: 1, replay: id, step: 0 });
  }

  return {
    begun,
    pending: () => pending.length,
    async begin() {
      const application = random.pick([traffic.applications[0] ?? "", ...traffic.applications]);
      const code = random.pick([null, null, null, "data_invalid" as const, "id_conflict" as const]);
      const session = random.chance(0.2) ? (traffic.sessions[0] ?? null) : null;
      const filter = { code, session, category: null, name: null, application, from: null, to: null };
      await insert({ filter }, effectOf(random, traffic));
    },
    async beginLast() {
      for (const application of traffic.applications) {
        const any = { code: null, session: null, category: null, name: null, from: null, to: null };
        await insert({ filter: { ...any, application } }, { mends: EVERY_CODE, sets: mendAll(0) });
      }
    },
    async deliver(fault, pipelineOf) {
      const chosen = pending[random.below(pending.length)];
      if (chosen === undefined) return;
      chosen.attempts += 1;
      const acknowledged: true[] = [];
      const end = await crashable((crash) =>
        consumeReplays(
          batchOf(chosen, () => acknowledged.push(true)),
          {
            ...pipelineOf(crash),
            errorsPerStep: ERRORS_PER_STEP,
            now: () => MENDED_AT,
            sendReplay: async (message) => void ask(message),
          },
        ),
      );
      if (end === "crashed" || acknowledged.length === 0 || fault === "crash_before_acknowledgement") return;
      const place = pending.indexOf(chosen);
      if (place !== -1) pending.splice(place, 1);
    },
  };
}

function mendAll(k: number): Record<string, unknown> {
  return { data: { mended: k }, name: "pageview", timestamp: formatTimestamp(MENDED_AT + k) };
}

/** Repairs that mend everything, differently; one that names another session; one that mends a part; and none. */
function anyEffect(random: Random, traffic: Traffic): Effect {
  const k = random.below(2);
  return random.pick<Effect>([
    { mends: EVERY_CODE, sets: mendAll(k) },
    { mends: EVERY_CODE, sets: mendAll(k) },
    { mends: EVERY_CODE, sets: { ...mendAll(k), session_id: traffic.sessions.at(-1) } },
    { mends: ["data_invalid"], sets: { data: { part: k } } },
    { mends: [], sets: {} },
  ]);
}

/** Repairs that each name another session: only claims keep two of them from making two events of one error. */
export function movingEffect(random: Random, { sessions }: Traffic): Effect {
  const session = random.pick([sessions[0], ...sessions]);
  return { mends: EVERY_CODE, sets: { ...mendAll(0), session_id: session } };
}

function batchOf(
  { message, attempts }: { message: ReplayMessage; attempts: number },
  acknowledge: () => void,
): MessageBatch<unknown> {
  const only = {
    id: `${message.replay} ${message.step}`,
    timestamp: new Date(MENDED_AT / 1000),
    body: structuredClone(message),
    // Nothing here is refused for good, so no error may be passed over.
    attempts: Math.min(attempts, 4),
    metadata: {},
    ack: acknowledge,
    retry: () => {},
  };
  const metadata = { metrics: { backlogCount: 0, backlogBytes: 0 } };
  return { queue: "the-eye-replays", metadata, messages: [only], ackAll: acknowledge, retryAll: () => {} };
}
