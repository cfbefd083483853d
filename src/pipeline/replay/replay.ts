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
import { firstDatabase } from "../../storage/core/databases";
import { type Failure, failureOf, isFaultOfContent, messageOf } from "../../storage/core/transport-errors";
import { asAsked, findErrors, fittingErrors } from "../../storage/errors/error-queries";
import type { Pipeline } from "../process-batch";
import { redelivery, waitedBy, worst } from "../retry-policy";
import { replayErrors } from "./replay-errors";
import type { ReplayedError, ReplayIo } from "./replay-outcome";

/** The dependencies of replays. */
export interface ReplayPipeline extends ReplayIo, Pick<Pipeline, "log" | "now"> {
  /** The rules of a replay, determined by its creation: the same for all its steps and their repetitions. */
  replayRules: (createdAt: Micros) => Promise<IndexedRules>;
  /** Requests a step after a delay; resolves when the queue has stored the message. */
  sendReplay: (message: ReplayMessage, delaySeconds: number) => Promise<void>;
  /** Errors per step. */
  errorsPerStep: number;
}

/** Deliveries of a step after which an error that is rejected for its content is skipped. */
const ATTEMPTS_BEFORE_SKIPPING = 5;

/**
 * Consumes a batch of the queue of replays. Each message requests one step. The queue needs no dead letters: the
 * message contains only the step's number, which the table `replays` has too. A step that fails is retried until it
 * succeeds.
 */
export async function consumeReplays(batch: MessageBatch<unknown>, pipeline: ReplayPipeline): Promise<void> {
  for (const message of batch.messages) {
    const parsed = v.safeParse(ReplayMessageSchema, message.body);
    if (!parsed.success) {
      pipeline.log({ log: "replay", refused: "the message is not a step of a replay" });
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

/** @returns null when the step is counted and the next one requested; otherwise why it waits */
async function runStep(
  { replay: id, step }: ReplayMessage,
  attempts: number,
  pipeline: ReplayPipeline,
): Promise<{ failure: Failure; reason: string } | null> {
  const first = firstDatabase(pipeline.databases);
  const sendNext = () => pipeline.sendReplay({ v: 1, replay: id, step: step + 1 }, STEP_DELAY_SECONDS);
  let replay = await loadReplay(first, id);
  if (replay === null || replay.status === "done" || replay.step > step + 1) return null;
  if (replay.status === "cancelled") {
    // An earlier delivery of this step failed, and it will not be retried.
    await dropPlan(first, id);
    return null;
  }
  if (replay.step === step + 1) {
    // This step is counted, but the next one may not have been requested. If it is requested twice, it counts once.
    await sendNext();
    return null;
  }
  if (replay.plan === null) {
    await planStep(first, id, step, await makePlan(replay, pipeline));
    replay = await loadReplay(first, id);
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
  if (!(await countStep(first, { id, step, next, now: pipeline.now() }, counts))) return null;
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
