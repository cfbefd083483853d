import type { Repair } from "../../../src/model/repair/repair";
import { MAX_ERRORS_PER_STEP, type ReplayMessage, type ReplaySelection } from "../../../src/model/replay";
import type { CallSession } from "../../../src/pipeline/call-sessions";
import { consume } from "../../../src/pipeline/consumer";
import type { Pipeline } from "../../../src/pipeline/process-batch";
import { consumeReplays, type ReplayPipeline } from "../../../src/pipeline/replay/replay";
import { indexRules, NO_RULES } from "../../../src/rules/rules";
import { insertReplay, loadReplay, type Replay } from "../../../src/storage/admin/replays";
import { firstDatabase } from "../../../src/storage/core/databases";
import { batchOf, databases, envelopeOf, pipelineWith, storedErrors } from "../harness";
import { RECEIVED_AT } from "../sample-events";

export const home = firstDatabase(databases);
export const ANY = { code: null, session: null, category: null, name: null, application: null, from: null, to: null };
export const NOW = RECEIVED_AT + 60_000_000;

let replays = 0;

/** Sends events of one application through the pipeline. Those that fail become its errors. */
export async function send(application: string, entries: [string, unknown][], changes: Partial<Pipeline> = {}) {
  const { batch } = batchOf([envelopeOf(entries, { application })]);
  await consume(batch, pipelineWith(changes));
}

export async function begin(selection: ReplaySelection, repair: Repair | null = null): Promise<string> {
  replays += 1;
  const id = `replay-${replays}`;
  await insertReplay(home, { id, createdAt: NOW, selection, repair });
  return id;
}

/** Delivers the steps of a replay until none is requested. */
export async function run(id: string, changes: Partial<ReplayPipeline> = {}, first = 0): Promise<Replay> {
  const asked: ReplayMessage[] = [{ v: 1, replay: id, step: first }];
  for (let message = asked.shift(); message !== undefined; message = asked.shift()) {
    const { batch, acked } = askingFor(message);
    await consumeReplays(batch, replayPipeline(asked, changes));
    if (acked.length === 0) break;
  }
  const replay = await loadReplay(home, id);
  if (replay === null) throw new Error("the replay is gone");
  return replay;
}

export function replayPipeline(asked: ReplayMessage[], changes: Partial<ReplayPipeline> = {}): ReplayPipeline {
  const sendReplay = async (message: ReplayMessage) => void asked.push(message);
  const replayRules = async () => indexRules(NO_RULES);
  const own = { sendReplay, replayRules, errorsPerStep: MAX_ERRORS_PER_STEP, now: () => NOW };
  return { ...pipelineWith(), ...own, ...changes };
}

/** A batch of the queue of replays, whose messages are objects. */
export function askingFor(message: unknown, attempts = 1) {
  const { batch, ...handled } = batchOf([message], { attempts });
  return { ...handled, batch: { ...batch, messages: batch.messages.map((one) => ({ ...one, body: message })) } };
}

export const errorIds = async (eventIds: string[]) => (await storedErrors(eventIds)).map(({ id }) => id);

export async function rowsOf(ids: string[]) {
  const sql = `SELECT issues, resolved_at, resolved_session, resolved_event_id, resolved_occurred_at, replayed_at, replay_id, claimed_by, codes
    FROM errors WHERE id IN (SELECT value FROM json_each(?1)) ORDER BY received_at`;
  const found = await Promise.all(
    databases.map(({ binding }) => binding.prepare(sql).bind(JSON.stringify(ids)).all<Record<string, unknown>>()),
  );
  return found.flatMap(({ results }) => results);
}

export const overloaded: CallSession = () => Promise.reject(Object.assign(new Error("too much"), { overloaded: true }));

export const dataSet: Repair = { edits: [{ op: "set", path: "/data", value: { fixed: true } }] };
