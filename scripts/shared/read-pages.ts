import * as v from "valibot";
import { LOCAL_KEYS } from "../start/local-keys.ts";

const PageSchema = v.object({ results: v.array(v.record(v.string(), v.unknown())), next: v.nullable(v.string()) });

/** Reads all entries of a list of the local service, page by page. */
export async function* readPages(url: string, path: string): AsyncGenerator<Record<string, unknown>> {
  const headers = { Authorization: `Bearer ${LOCAL_KEYS.read}` };
  let base = url;
  for (let next: string | null = path; next !== null; ) {
    const response: Response = await fetch(new URL(next, base), { headers });
    // `next` is relative to the URL of its page.
    base = response.url;
    const text = await response.text();
    if (!response.ok) throw new Error(`GET ${next} answered ${response.status}: ${text.slice(0, 300)}`);
    const page: v.InferOutput<typeof PageSchema> = v.parse(PageSchema, JSON.parse(text));
    yield* page.results;
    next = page.next;
  }
}
