import type { Micros } from "../time/time";

/** An event that matches at least one step of a funnel. */
export interface FunnelEvent {
  occurredAt: Micros;
  /** The steps that it matches, as bits: 1 for the first. */
  steps: number;
  /** What the funnel is grouped by, where it is. */
  group: string | null;
}

/** The events with which a session (or a visitor) came furthest. */
export interface FunnelPath {
  /** When each step was done, the first one first. As many as steps were done. */
  moments: Micros[];
  /** Of the event of the first step. */
  group: string | null;
}

/** A path from its last event back to its first. */
interface Reached {
  start: Micros;
  /** The place of the first event: of two that start at one moment, the later one counts as later. */
  startPlace: number;
  event: FunnelEvent;
  before: Reached | null;
}

/**
 * How far a session came: events e1 < e2 < … < ek in its order, each matching its step, the last at most `within` after the first.
 * Of all ways to come as far the one that ends first, of these the one that starts last, and between them always the next event
 * that matches. Events of one moment count in their order. Null if no event matches the first step.
 *
 * Goes through the events once. For each step it keeps the way there that started last: another that started before it, and is as
 * far, can go nowhere that this one cannot.
 *
 * @param within null: any time
 */
export function furthestPath(events: readonly FunnelEvent[], steps: number, within: Micros | null): FunnelPath | null {
  const latest: (Reached | null)[] = Array.from({ length: steps }, () => null);
  const first: (Reached | null)[] = Array.from({ length: steps }, () => null);
  for (const [place, event] of events.entries()) {
    // From the last step on, so that no event does two steps of one way.
    for (let step = steps - 1; step >= 0; step--) {
      if ((event.steps & (1 << step)) === 0) continue;
      const before = step === 0 ? null : (latest[step - 1] ?? null);
      if (step > 0 && before === null) continue;
      const start = before?.start ?? event.occurredAt;
      if (within !== null && event.occurredAt - start > within) continue;
      const startPlace = before?.startPlace ?? place;
      const known = latest[step] ?? null;
      if (known !== null && known.startPlace >= startPlace) continue;
      const reached = { start, startPlace, event, before };
      latest[step] = reached;
      first[step] ??= reached;
    }
  }
  const furthest = first.findLast((reached) => reached !== null) ?? null;
  if (furthest === null) return null;
  const moments: Micros[] = [];
  let group: string | null = null;
  for (let at: Reached | null = furthest; at !== null; at = at.before) {
    moments.unshift(at.event.occurredAt);
    group = at.event.group;
  }
  return { moments, group };
}
