import { canonicalText } from "../../model/json/canonical-text";
import type { Database } from "../core/databases";
import { packId, storedIdSql } from "../core/packed-id";
import { type Lane, lanesToRead, slotOf } from "../partitions/partition";
import { sampleKeyOf } from "../partitions/sample-key";
import { chunks, jsonArray } from "./chunks";
import type { EventRow } from "./rows";

/** The stored event with a given identity. */
export interface StoredContent {
  category: string;
  name: string;
  data: string;
  /** Packed. */
  id: string;
}

/** ?1: [[slot, sample key, packed session, occurred_at, tie], …]. */
function findStored(suffix: string): string {
  return `
SELECT wanted.key AS place, coalesce(held.type ->> 0, category) AS category, coalesce(held.type ->> 1, s.name) AS name, held.data AS data,
  iif(typeof(held.id) = 'blob', 'x' || lower(hex(held.id)), 't' || held.id) AS id
FROM json_each(?1) AS wanted CROSS JOIN events_${suffix} AS held
CROSS JOIN series AS s ON s.series_id = held.series_id CROSS JOIN categories AS c ON c.category_id = s.category_id
WHERE held.slot = wanted.value ->> 0 AND held.sample_key = wanted.value ->> 1
  AND held.session_id = ${storedIdSql("(wanted.value ->> 2)")}
  AND held.occurred_at = wanted.value ->> 3 AND held.tie = wanted.value ->> 4`;
}

/** An event's identity within its partition, as text. */
export function identityOf({ session, occurredAt, tie }: EventRow): string {
  return JSON.stringify([session, occurredAt, tie]);
}

/**
 * The stored events with the identities of the given events, by `identityOf`, in any lane of their partition. Reads
 * one row for each stored event.
 *
 * @throws what D1 throws
 */
export async function storedContents(
  { binding }: Database,
  { partition, suffix }: Lane,
  rows: readonly EventRow[],
): Promise<Map<string, StoredContent>> {
  const found = new Map<string, StoredContent>();
  const suffixes = new Set([...lanesToRead(partition).map((lane) => lane.suffix), suffix]);
  const keys = rows.map((row) => {
    const { session, occurredAt, tie, data } = row;
    const text = JSON.stringify([
      slotOf(occurredAt, partition),
      sampleKeyOf(session),
      packId(session),
      occurredAt,
      tie,
    ]);
    // The result includes the payloads, so their size limits a chunk.
    return { row, text, bytes: text.length + data.length };
  });
  for (const chunk of chunks(keys)) {
    const wanted = jsonArray(chunk.map(({ text }) => text));
    const results = await binding.batch<StoredContent & { place: number }>(
      [...suffixes].map((one) => binding.prepare(findStored(one)).bind(wanted)),
    );
    for (const { place, ...content } of results.flatMap((result) => result.results)) {
      const row = chunk[place]?.row;
      if (row !== undefined && !found.has(identityOf(row))) found.set(identityOf(row), content);
    }
  }
  return found;
}

/** True if a stored event and an incoming event are equal: two deliveries of one event. */
export function hasSameContent(stored: StoredContent, row: EventRow): boolean {
  if (stored.id !== packId(row.id) || stored.category !== row.category || stored.name !== row.name) return false;
  return stored.data === row.data || canonicalText(JSON.parse(stored.data)) === canonicalText(JSON.parse(row.data));
}
