import * as v from "valibot";
import { ErasureMessageSchema } from "../../model/erasure";
import { firstDatabase } from "../../storage/core/databases";
import { messageOf } from "../../storage/core/transport-errors";
import { stalledErasures } from "../../storage/erasures/erasure-records";
import { type ErasureIo, runErasureStep } from "./erasure-step";

/** Between two tries of a step, in seconds. */
const RETRY_SECONDS = 10;

/** A step that was not counted for so long is asked for anew: its message may be lost. */
const STALLED_MICROS = 10 * 60 * 1_000_000;

/**
 * A batch of the queue of erasures: each message asks for one step. It needs no dead letters: what is next stands in the table
 * `erasures`, and the cron asks for what nobody works at.
 */
export async function consumeErasures(batch: MessageBatch<unknown>, io: ErasureIo): Promise<void> {
  for (const message of batch.messages) {
    const parsed = v.safeParse(ErasureMessageSchema, message.body);
    if (!parsed.success) {
      io.log({ log: "erasure", refused: "the message asks for no step of an erasure" });
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

/** Asks for the next step of erasures that nobody works at. Once a minute, by the cron. One row read while there are none. */
export async function resumeErasures({ databases, sendErasure, now }: ErasureIo): Promise<void> {
  const stalled = await stalledErasures(firstDatabase(databases), now() - STALLED_MICROS);
  for (const { id, step } of stalled) await sendErasure({ v: 1, erasure: id, step }, 0);
}
