import { expect } from "vitest";
import { consume } from "../../src/pipeline/consumer";
import type { Pipeline } from "../../src/pipeline/process-batch";
import type { Partition } from "../../src/storage/partitions/partition";
import { emptyDatabases } from "../storage/empty-databases";
import { allEvents, batchOf, databases, envelopeOf, eventOf, partitions, pipelineWith, storedErrors } from "./harness";
import { RECEIVED_AT } from "./sample-events";

/** Delivers messages and expects all of them to be acknowledged. */
export async function deliver(
  bodies: unknown[],
  { attempts = 1, ...changes }: Partial<Pipeline> & { attempts?: number } = {},
) {
  const { batch, acked } = batchOf(bodies, { attempts });
  await consume(batch, pipelineWith(changes));
  expect(acked).toEqual(bodies.map((_, place) => place));
}

/** A summary of the rows in the two tables. */
export async function whatIsStored(ids: string[]) {
  const events = (await allEvents()).map(({ session, id, data, received_at }) => [session, id, data, received_at]);
  const errors = (await storedErrors(ids)).map(({ event_id, codes, content }) => [event_id, codes.join(), content]);
  return { events: events.toSorted(), errors: errors.toSorted() };
}

export async function partitionAt(moment: number): Promise<Partition> {
  const partition = (await partitions.latest()).find(moment);
  if (partition === null) throw new Error(`no partition covers ${moment}`);
  return partition;
}

/** A message with one event. Each content of an identity has its own time of receipt. */
export function message(id: string, content: number, changes: Record<string, unknown> = {}) {
  const event = eventOf("session", { data: { content }, ...changes });
  return envelopeOf([[id, event]], { received_at: RECEIVED_AT + content });
}

/** Empties the databases, and lets the partition store notice it. */
export async function beginAnew(): Promise<void> {
  await emptyDatabases(databases);
  await partitions.latest();
}
