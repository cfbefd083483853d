import * as v from "valibot";
import { ErasureMessageSchema } from "../../model/erasure";
import { MINUTE_MICROS } from "../../model/time/units";
import { firstDatabase } from "../../storage/core/databases";
import { messageOf } from "../../storage/core/transport-errors";
import { stalledErasures } from "../../storage/erasures/erasure-records";
import type { ErasureIo } from "./erasure-io";
import { runErasureStep } from "./erasure-step";

/** The delay between two attempts of a step, in seconds. */
const RETRY_SECONDS = 10;

/** If no step was counted for this long, the step is requested again: its message may be lost. */
const STALLED_MICROS = 10 * MINUTE_MICROS;

/** For a restore: until it is done, erased data can be read. */
const STALLED_RESTORE_MICROS = 2 * MINUTE_MICROS;

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
      message.retry({ delaySeconds: RETRY_SECONDS });
    }
  }
}

/**
 * Requests the next step of stalled erasures. The cron calls it once a minute. It reads one row if there are no
 * erasures.
 */
export async function resumeErasures({ databases, sendErasure, now }: ErasureIo): Promise<void> {
  const stalled = await stalledErasures(firstDatabase(databases), {
    since: now() - STALLED_MICROS,
    restoreSince: now() - STALLED_RESTORE_MICROS,
  });
  for (const { id, step } of stalled) await sendErasure({ v: 1, erasure: id, step }, 0);
}
