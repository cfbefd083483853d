import * as v from "valibot";
import { type ReplayMessage, ReplayMessageSchema, STEP_DELAY_SECONDS } from "../../model/replay";
import type { Micros } from "../../model/time/time";
import type { IndexedRules } from "../../rules/rules";
import {
  countStep,
  dropPlan,
  loadReplay,
  planStep,
  type Replay,
  type ReplayCounts,
  type StepPlan,
} from "../../storage/admin/replays";
import { type Failure, failureOf, isFaultOfContent, messageOf } from "../../storage/core/transport-errors";
import { asAsked, findErrors, fittingErrors } from "../../storage/errors/error-queries";
import type { Pipeline } from "../process-batch";
import { redelivery, waitedBy, worst } from "../retry-policy";
import { replayErrors } from "./replay-errors";
import type { ReplayedError, ReplayIo } from "./replay-outcome";

/** What replays need of the world. */
export interface ReplayPipeline extends ReplayIo, Pick<Pipeline, "log" | "now"> {
  /** The rules by which a replay validates, from its creation: the same for each of its steps, however often it is repeated. */
  replayRules: (createdAt: Micros) => Promise<IndexedRules>;
  /** Asks for a step, after so many seconds; resolves once the queue has it. */
  sendReplay: (message: ReplayMessage, delaySeconds: number) => Promise<void>;
  /** Errors that one step takes. */
  errorsPerStep: number;
}

/** After so many deliveries of a step, an error that is refused for what it is, is passed over. */
const ATTEMPTS_BEFORE_SKIPPING = 5;

/**
 * A batch of the queue of replays: each message asks for one step. It needs no dead letters: nothing stands in it but which
 * step is next, which the table `replays` knows as well; a step that cannot be done now is tried until it can.
 */
export async function consumeReplays(batch: MessageBatch<unknown>, pipeline: ReplayPipeline): Promise<void> {
  for (const message of batch.messages) {
    const parsed = v.safeParse(ReplayMessageSchema, message.body);
    if (!parsed.success) {
      pipeline.log({ log: "replay", refused: "the message asks for no step of a replay" });
      message.ack();
      continue;
    }
    const { replay, step } = parsed.output;
    let waiting: { failure: Failure; reason: string } | null;
    try {
      waiting = await runStep(parsed.output, message.attempts, pipeline);
    } catch (thrown) {
      waiting = { failure: failureOf(thrown), reason: messageOf(thrown) };
    }
    if (waiting === null) {
      message.ack();
      continue;
    }
    pipeline.log({ log: "replay", replay, step, waits: `${waiting.failure}: ${waiting.reason}` });
    const failure = isFaultOfContent(waiting.failure) ? "transient" : waiting.failure;
    const next = redelivery(failure, waitedBy(message, pipeline.now()), Math.random());
    if (next.kind === "retry") {
      message.retry({ delaySeconds: next.delaySeconds });
    } else {
      await pipeline.sendReplay(parsed.output, STEP_DELAY_SECONDS);
      message.ack();
    }
  }
}

/** @returns null once the step is counted and the next one asked for; or what it waits for */
async function runStep(
  { replay: id, step }: ReplayMessage,
  attempts: number,
  pipeline: ReplayPipeline,
): Promise<{ failure: Failure; reason: string } | null> {
  const [home] = pipeline.databases;
  if (home === undefined) throw new Error("There is no database.");
  const sendNext = () => pipeline.sendReplay({ v: 1, replay: id, step: step + 1 }, STEP_DELAY_SECONDS);
  let replay = await loadReplay(home, id);
  if (replay === null || replay.status === "done" || replay.step > step + 1) return null;
  if (replay.status === "cancelled") {
    // Whoever carried this step out before has failed: it is not tried again.
    await dropPlan(home, id);
    return null;
  }
  if (replay.step === step + 1) {
    // This step is counted; whether the next one was asked for, nobody knows. Asked for twice, it counts once.
    await sendNext();
    return null;
  }
  if (replay.plan === null) {
    await planStep(home, id, step, await makePlan(replay, pipeline));
    replay = await loadReplay(home, id);
  }
  if (replay === null || replay.status !== "running" || replay.step !== step || replay.plan === null) return null;

  const started = Date.now();
  const { plan, repair } = replay;
  const rules = await pipeline.replayRules(replay.createdAt);
  const results = await replayErrors(plan.ids, { id, repair, now: pipeline.now() }, pipeline, rules);
  const waiting = [...results.values()].flatMap((result) => (typeof result === "string" ? [] : [result]));
  const failure = worst(waiting.map((result) => result.failure));
  if (waiting.length > 0 && (!isFaultOfContent(failure) || attempts < ATTEMPTS_BEFORE_SKIPPING)) {
    return { failure, reason: waiting[0]?.reason ?? "" };
  }
  const counts = countResults(results);
  const { next } = plan;
  if (!(await countStep(home, { id, step, next, now: pipeline.now() }, counts))) return null;
  pipeline.log({ log: "replay", replay: id, step, ...counts, ms: Date.now() - started });
  if (next !== null) await sendNext();
  return null;
}

async function makePlan(
  { selection, cursor }: Replay,
  { databases, errorsPerStep }: ReplayPipeline,
): Promise<StepPlan> {
  if ("ids" in selection) {
    const from = typeof cursor === "number" ? cursor : 0;
    const ids = selection.ids.slice(from, from + errorsPerStep);
    const to = from + (await fittingErrors(databases, ids));
    return { ids: selection.ids.slice(from, to), next: to < selection.ids.length ? to : null };
  }
  const { rows, next } = await findErrors(databases, {
    ...asAsked(selection.filter),
    status: "open",
    order: "asc",
    limit: errorsPerStep,
    after: typeof cursor === "number" ? null : cursor,
  });
  return { ids: rows.map(({ key }) => key.id), next };
}

function countResults(results: Map<string, ReplayedError>): ReplayCounts {
  const counts: ReplayCounts = { matched: results.size, stored: 0, failing: 0, skipped: 0 };
  for (const result of results.values()) counts[typeof result === "string" ? result : "skipped"] += 1;
  return counts;
}
