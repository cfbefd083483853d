import { inArray, sql } from "drizzle-orm";
import type { Reader } from "../core/reader";
import { errorParts, errors } from "../core/tables";
import type { ErrorKey } from "./error-key";

/** The content of an error as its row has it: null if it is long, and in chunks if `parts` is not 0. */
interface ContentOfRow {
  key: ErrorKey;
  parts: number;
  content: string | null;
}

/** An error's content as JSON text, or how much of it has arrived: the chunks of a large event arrive one by one. */
export type ErrorContent = { kind: "whole"; text: string } | { kind: "incomplete"; arrived: number; of: number };

/** The whole contents of the given errors: those read with their row, the long ones, and those in chunks. */
export async function loadErrorContents(reader: Reader, rows: ContentOfRow[]): Promise<Map<ErrorKey, ErrorContent>> {
  const inPieces = rows.filter(({ parts }) => parts > 0);
  const long = rows.filter(({ parts, content }) => parts === 0 && content === null);
  const [pieces, texts] = await Promise.all([loadParts(reader, inPieces), loadLong(reader, long)]);
  const contents = new Map<ErrorKey, ErrorContent>();
  for (const { key, parts, content } of rows) {
    const text = content ?? texts.get(key);
    if (parts > 0) contents.set(key, putTogether(pieces.get(key.id) ?? [], parts));
    else if (text !== undefined) contents.set(key, { kind: "whole", text });
  }
  return contents;
}

/** Joins chunks. They are numbered from 0, and none is stored twice. */
export function putTogether(pieces: { part: number; content: string }[], of: number): ErrorContent {
  const arrived = pieces.filter(({ part }) => part < of);
  if (arrived.length < of) return { kind: "incomplete", arrived: arrived.length, of };
  const inOrder = arrived.toSorted((a, b) => a.part - b.part);
  return { kind: "whole", text: inOrder.map(({ content }) => content).join("") };
}

async function loadParts(
  reader: Reader,
  rows: ContentOfRow[],
): Promise<Map<string, { part: number; content: string }[]>> {
  if (rows.length === 0) return new Map();
  const ids = sql`(SELECT value FROM json_each(${JSON.stringify(rows.map(({ key }) => key.id))}))`;
  const parts = await reader.select().from(errorParts).where(inArray(errorParts.id, ids));
  return Map.groupBy(parts, ({ id }) => id);
}

async function loadLong(reader: Reader, rows: ContentOfRow[]): Promise<Map<ErrorKey, string>> {
  if (rows.length === 0) return new Map();
  const wanted = JSON.stringify(rows.map(({ key }) => [key.receivedAt, key.id]));
  const found = await reader.all<{ place: number; content: string }>(sql`
    SELECT wanted.key AS place, held.content AS content
    FROM json_each(${wanted}) AS wanted CROSS JOIN ${errors} AS held
    WHERE held.received_at = wanted.value ->> 0 AND held.id = wanted.value ->> 1 AND held.content IS NOT NULL`);
  return new Map(
    found.flatMap(({ place, content }) => {
      const row = rows[place];
      return row === undefined ? [] : [[row.key, content] as const];
    }),
  );
}
