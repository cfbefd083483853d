import * as v from "valibot";
import { type ErasureMessage, ErasureMessageSchema } from "../../model/erasure";
import { MINUTE_MICROS } from "../../model/time/units";
import { ArchiveFileGone } from "../../storage/archive/archive-bucket";
import { firstDatabase } from "../../storage/core/databases";
import { causeOf, messageOf } from "../../storage/core/transport-errors";
import { erasuresWaitingFor, noteWaiting, stalledErasures } from "../../storage/erasures/erasure-records";
import type { ErasureIo } from "./erasure-io";
import { runErasureStep } from "./erasure-step";

/** The delay between two attempts of a step, in seconds: at first, and after EARLY_ATTEMPTS. */
const RETRY_SECONDS = 10;
const LATER_RETRY_SECONDS = 60;
const EARLY_ATTEMPTS = 6;

/**
 * If no step was counted or tried for this long, the step is requested again: its message may be lost. Longer than any delay
 * of a message.
 */
const STALLED_MICROS = 2 * MINUTE_MICROS;

/** Less than the minute between two runs of the cron, which looks whether copies remain. */
const AWAITING_MICROS = MINUTE_MICROS / 2;

/**
 * Processes a batch of the erasure queue, in which each message requests one step. The queue needs no dead letters:
 * the table `erasures` holds the next step, and the cron requests steps that are stalled.
 */
export async function consumeErasures(batch: MessageBatch<unknown>, io: ErasureIo): Promise<void> {
  for (const message of batch.messages) {
    const parsed = v.safeParse(ErasureMessageSchema, message.body);
    if (!parsed.success) {
      io.log({ log: "erasure", refused: "the message does not request a step of an erasure" });
      message.ack();
      continue;
    }
    try {
      await runErasureStep(parsed.output, io);
      message.ack();
    } catch (thrown) {
      io.log({ log: "erasure", erasure: parsed.output.erasure, waits: messageOf(thrown) });
      await noteFailure(parsed.output, thrown, io);
      message.retry({ delaySeconds: message.attempts < EARLY_ATTEMPTS ? RETRY_SECONDS : LATER_RETRY_SECONDS });
    }
  }
}

/**
 * Records why a step failed. That also keeps the cron from sending another message for it. Only the name of an object is
 * recorded: the messages of D1 may contain what is erased.
 */
async function noteFailure({ erasure, step }: ErasureMessage, thrown: unknown, io: ErasureIo): Promise<void> {
  const cause = causeOf(thrown);
  const missingObject = cause instanceof ArchiveFileGone ? cause.key : null;
  try {
    await noteWaiting(firstDatabase(io.databases), { id: erasure, step, missingObject, now: io.now() });
  } catch {
    // The first database itself may be what failed. The step is tried again either way.
  }
}

/** Requests the next step of erasures that wait for an object of the archive, whose loss was accepted. */
export async function resumeWaiting({ databases, sendErasure }: ErasureIo, object: string): Promise<void> {
  const waiting = await erasuresWaitingFor(firstDatabase(databases), object);
  for (const { id, step } of waiting) await sendErasure({ v: 1, erasure: id, step }, 0);
}

/**
 * Requests the next step of stalled erasures. The cron calls it once a minute. It reads one row if there are no
 * erasures.
 */
export async function resumeErasures({ databases, sendErasure, now }: ErasureIo): Promise<void> {
  const stalled = await stalledErasures(firstDatabase(databases), {
    since: now() - STALLED_MICROS,
    copiesSince: now() - AWAITING_MICROS,
  });
  for (const { id, step } of stalled) await sendErasure({ v: 1, erasure: id, step }, 0);
}
