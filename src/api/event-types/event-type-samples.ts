import { type Database, databasesOf } from "../../storage/core/databases";
import { findErrors } from "../../storage/errors/error-queries";
import type { FoundError } from "../../storage/errors/scan-errors";
import { findEvents } from "../../storage/events/find-events";
import type { FoundEvent } from "../../storage/events/named-events";
import { MAX_FAILED_SAMPLES, MAX_STORED_SAMPLES } from "./trial-schemas";

/**
 * Pages that are read for the samples: a page ends early if payloads are large, or if the type is rare in its
 * category.
 */
const MAX_PAGES = 4;

interface EventType {
  category: string;
  name: string;
}

/** The newest stored events of a type, by timestamp. */
export async function newestEvents(
  env: Env,
  { category, name }: EventType,
  applications: readonly string[] | null,
): Promise<FoundEvent[]> {
  const databases: Database[] = databasesOf(env);
  const found: FoundEvent[] = [];
  let after: FoundEvent["key"] | null = null;
  for (let page = 0; page < MAX_PAGES && found.length < MAX_STORED_SAMPLES; page++) {
    const { rows, next } = await findEvents(databases, {
      ...{ category, name, applications, session: null },
      range: { order: "desc", from: null, to: null, after },
      limit: MAX_STORED_SAMPLES - found.length,
    });
    found.push(...rows);
    after = next;
    if (next === null) break;
  }
  return found;
}

/** The newest failed events of a type, by receipt. */
export async function newestErrors(
  env: Env,
  { category, name }: EventType,
  applications: readonly string[] | null,
): Promise<FoundError[]> {
  const databases: Database[] = databasesOf(env);
  const found: FoundError[] = [];
  let after: FoundError["key"] | null = null;
  for (let page = 0; page < MAX_PAGES && found.length < MAX_FAILED_SAMPLES; page++) {
    const { rows, next } = await findErrors(databases, {
      ...{ code: null, session: null, category, name, applications, from: null, to: null, status: null },
      ...{ order: "desc", limit: MAX_FAILED_SAMPLES - found.length, after },
    });
    found.push(...rows);
    after = next;
    if (next === null) break;
  }
  return found;
}
