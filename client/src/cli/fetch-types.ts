import type { EventType } from "./render-types.js";

/** Reads the registered event types of a service, except retired ones. Throws an Error that says what failed. */
export async function fetchTypes(url: string, key: string): Promise<EventType[]> {
  const base = url.replace(/\/+$/, "");
  const types: EventType[] = [];
  let next: string | null = "?limit=1000";
  while (next !== null) {
    // Only the query is taken from the answer: the key is sent to the given service alone.
    const { search } = new URL(next, base);
    const page = await ask(`${base}/theeye/event-types${search}`, key);
    for (const type of Array.isArray(page.results) ? page.results : []) {
      if (!isObject(type) || type.registered !== true || type.mode === "reject") continue;
      const category = String(type.category);
      const name = String(type.name);
      const path = `${encodeURIComponent(category)}/${encodeURIComponent(name)}`;
      const { schema = null, description } = await ask(`${base}/theeye/event-types/${path}`, key);
      types.push({ category, name, schema, description: typeof description === "string" ? description : null });
    }
    next = typeof page.next === "string" ? page.next : null;
  }
  return types;
}

async function ask(address: string, key: string): Promise<Record<string, unknown>> {
  const response = await fetch(address, { headers: { Authorization: `Bearer ${key}` } });
  const body: unknown = await response.json().catch(() => null);
  if (response.ok && isObject(body)) return body;
  const detail = isObject(body) && typeof body.detail === "string" ? `: ${body.detail}` : "";
  throw new Error(`${address} answered ${response.status}${detail}`);
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null;
}
