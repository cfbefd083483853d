import type { Envelope } from "../../src/model/envelope";
import type { AcceptAnswer, AcceptCall, Outcome } from "../../src/pipeline/session-protocol";
import type { Regime } from "./rule-sets";
import { contentKey } from "./traffic";

/** What happened on the way that the model must know of, since a verdict depends on it. */
export interface Deliveries {
  /** Sessions that their group forgot, and of which it knows only what the databases hold. */
  forgotten: Set<string>;
  /** By `contentKey`: the rules in force at each delivery of the event. */
  regimes: Map<string, Set<Regime>>;
  /** By session and sequence: what a schema in shadow says of a stored event, as its object first answered. */
  shadows: Map<string, { version: number; paths: string[] }>;
  /** Answers that differ from an earlier one about the same event. */
  changes: string[];
  deliver(body: Envelope, regime: Regime): void;
  answer(call: AcceptCall | undefined, answer: AcceptAnswer): void;
}

export function newDeliveries(): Deliveries {
  const forgotten = new Set<string>();
  const regimes: Deliveries["regimes"] = new Map();
  const shadows: Deliveries["shadows"] = new Map();
  const changes: string[] = [];
  const answers = new Map<string, string>();
  return {
    ...{ forgotten, regimes, shadows, changes },
    deliver(body, regime) {
      for (const { id, event } of "events" in body ? body.events : []) {
        const key = contentKey(id, event as Record<string, unknown>);
        regimes.set(key, (regimes.get(key) ?? new Set()).add(regime));
      }
    },
    answer(call, answer) {
      if (call === undefined || answer.kind !== "decided") return;
      const { session, arrivals } = call;
      for (const [index, outcome] of answer.outcomes.entries()) {
        const arrival = arrivals[index];
        if (arrival === undefined) continue;
        const key = contentKey(arrival.id, JSON.parse(arrival.text));
        const told = tell(outcome);
        const before = answers.get(key);
        if (before !== undefined && before !== told && !forgotten.has(session)) {
          changes.push(`${session} ${arrival.id}: ${before}, and then ${told}`);
        }
        answers.set(key, before ?? told);
        if (outcome.kind !== "stored") continue;
        const place = `${session} ${outcome.sequence}`;
        if (outcome.shadow !== undefined) shadows.set(place, outcome.shadow);
        else if (!outcome.duplicate) shadows.delete(place);
      }
    },
  };
}

/** An outcome without what may differ from one delivery to the next. */
function tell(outcome: Outcome): string {
  return JSON.stringify({ ...outcome, duplicate: null });
}
