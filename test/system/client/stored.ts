import { LOCAL_KEYS } from "../../../scripts/start/local-keys.ts";

export interface Stored {
  id: string;
  session_id: string;
  visitor_id?: string;
  category: string;
  name: string;
  data: Record<string, unknown>;
  context?: Record<string, unknown>;
  timestamp: string;
}

const headers = { Authorization: `Bearer ${LOCAL_KEYS.read}` };

/** All stored events of a category, oldest first. */
export async function storedOf(service: string, category: string): Promise<Stored[]> {
  const events: Stored[] = [];
  let next: string | null = `/theeye/events?category=${encodeURIComponent(category)}&order=asc&limit=1000`;
  while (next !== null) {
    const response = await fetch(new URL(next, service), { headers });
    const page = (await response.json()) as { results: Stored[]; next: string | null };
    events.push(...page.results);
    next = page.next === null ? null : `/theeye/events${page.next}`;
  }
  return events;
}

/** Errors of a category. */
export async function errorsOf(service: string, category: string): Promise<unknown[]> {
  const response = await fetch(`${service}/theeye/errors?category=${encodeURIComponent(category)}`, { headers });
  return ((await response.json()) as { results: unknown[] }).results;
}
