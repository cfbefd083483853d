import * as v from "valibot";
import { MAX_PAGE_SIZE } from "../../src/model/limits.ts";
import { PAGE_VIEW } from "./page-views.ts";
import { type Io, ReplayStopped, requestJson } from "./request.ts";

const PageSchema = v.object({
  results: v.array(v.object({ id: v.string(), event_id: v.optional(v.nullable(v.string())) })),
  next: v.nullable(v.string()),
});

const ROUND_PAUSE_MS = 500;

export interface DrainOptions {
  url: string;
  key: string;
  /** First and last moment of the log, ISO 8601. */
  from: string;
  to: string;
  /** When sending began, ISO 8601, less what the clocks may differ. */
  sentFrom: string;
  /** Ends when nothing more has arrived for so long. */
  timeoutMs: number;
}

export interface Drained {
  stored: number;
  errors: number;
  /** Ids that are in neither list. */
  missing: string[];
}

/**
 * Waits until each of the ids is among the events or among the errors, or until nothing has moved for a while.
 *
 * @throws ReplayStopped when a list cannot be read.
 */
export async function drain(
  io: Io,
  ids: Iterable<string>,
  options: DrainOptions,
  onSettled: (settled: number) => void,
): Promise<Drained> {
  const waiting = new Set(ids);
  const drained: Drained = { stored: 0, errors: 0, missing: [] };
  const settleErrors = async (range: Record<string, string>) => {
    for await (const result of list(io, options, "errors", range)) {
      if (!waiting.delete(result.event_id ?? "")) continue;
      drained.errors++;
      onSettled(drained.stored + drained.errors);
    }
  };
  let movedAt = io.now();
  while (waiting.size > 0 && io.now() - movedAt < options.timeoutMs) {
    const before = waiting.size;
    for await (const result of list(io, options, "events", { start_date: options.from, end_date: options.to })) {
      if (!waiting.delete(result.id)) continue;
      drained.stored++;
      onSettled(drained.stored + drained.errors);
    }
    await settleErrors({ start_date: options.sentFrom });
    if (waiting.size < before) movedAt = io.now();
    if (waiting.size > 0) await io.pause(ROUND_PAUSE_MS);
  }
  // An event that failed in an earlier replay of the same log keeps the receipt of that time.
  if (waiting.size > 0) await settleErrors({ category: PAGE_VIEW.category, name: PAGE_VIEW.name });
  drained.missing = [...waiting];
  return drained;
}

async function* list(io: Io, options: DrainOptions, what: "events" | "errors", range: Record<string, string>) {
  const query = new URLSearchParams({ ...range, order: "asc", limit: String(MAX_PAGE_SIZE) });
  let url: string | null = `${options.url}/theeye/${what}?${query}`;
  while (url !== null) {
    const answer = await requestJson(io, url, { headers: { Authorization: `Bearer ${options.key}` } });
    const page = v.safeParse(PageSchema, answer);
    if (!page.success) throw new ReplayStopped(`${url} does not answer as The Eye does.`);
    yield* page.output.results;
    url = page.output.next === null ? null : new URL(page.output.next, url).href;
  }
}
