import type { Micros } from "../../time/time";

/** An event that matches at least one step of a funnel. */
export interface FunnelEvent {
  occurredAt: Micros;
  /** The steps that it matches, as a bit mask; bit 0 is the first step. */
  steps: number;
  /** The event's group. Null if the funnel is not grouped. */
  group: string | null;
}

/** How far a session (or a visitor) came. */
export interface FunnelPath {
  /** The time of each completed step, in order. */
  moments: Micros[];
  /** The group of the first step's event. */
  group: string | null;
}

/** A path, linked from its last event back to its first. */
interface Reached {
  start: Micros;
  /** The position of the first event, which orders paths that start at the same time. */
  startPlace: number;
  event: FunnelEvent;
  before: Reached | null;
}

/**
 * Finds how far a session came: events e1 < e2 < … < ek in order, each matching its step, the last at most `within`
 * after the first. If several paths come as far, it is the one that ends first, then the one that starts last; between
 * them each step takes the next event that matches. Events with equal timestamps keep their order. Null if no event
 * matches the first step.
 *
 * It reads the events once and keeps, for each step, the path that started last. An earlier start can reach nothing
 * that this path cannot.
 *
 * @param within null: any time
 */
export function furthestPath(events: readonly FunnelEvent[], steps: number, within: Micros | null): FunnelPath | null {
  const latest: (Reached | null)[] = Array.from({ length: steps }, () => null);
  const first: (Reached | null)[] = Array.from({ length: steps }, () => null);
  for (const [place, event] of events.entries()) {
    // The last step goes first, so that one event cannot complete two steps of a path.
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
