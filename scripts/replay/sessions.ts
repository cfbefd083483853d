import type { Micros } from "../../src/model/time.ts";
import { derivedId } from "./derived-id.ts";

/** A visitor silent for longer than this begins a new session, as web analytics commonly have it. */
export const SESSION_GAP_MICROS = 30 * 60 * 1_000_000;

interface Hit {
  address: string;
  userAgent: string | null;
  occurredAt: Micros;
}

/**
 * The session id of each hit, in the order given. Logs are written as requests end, so a visitor's hits are put in the
 * order of their times before sessions are cut.
 */
export function sessionIds(hits: readonly Hit[]): string[] {
  const ids = new Array<string>(hits.length).fill("");
  for (const [visitor, indexes] of Map.groupBy(hits.keys(), (index) => visitorOf(hits[index]))) {
    let id = "";
    let last = Number.NEGATIVE_INFINITY;
    const timeOf = (index: number) => hits[index]?.occurredAt ?? 0;
    for (const index of indexes.toSorted((a, b) => timeOf(a) - timeOf(b))) {
      const time = timeOf(index);
      if (time - last > SESSION_GAP_MICROS) id = derivedId("session", visitor, time);
      ids[index] = id;
      last = time;
    }
  }
  return ids;
}

function visitorOf(hit: Hit | undefined): string {
  return JSON.stringify([hit?.address, hit?.userAgent]);
}
