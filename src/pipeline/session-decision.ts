import type { Issue } from "../model/codes";
import { utf8Bytes } from "../model/event";
import { countedPath } from "../model/issue-path";
import { ACTIVITY_SLOT_MICROS } from "../model/limits";
import type { Micros } from "../model/time";
import { checkEvent, type ShadowFindings } from "../rules/check-event";
import type { Rules } from "../rules/rules";
import type { ShadowMark } from "../storage/rows";
import { errorId, fingerprint } from "./fingerprint";
import type { Arrival, Outcome } from "./session-protocol";

/** A stored event, as far as a session must remember it to know it again. */
export interface StoredEntry {
  id: string;
  fingerprint: string;
  sequence: number;
  occurredAt: Micros;
  receivedAt: Micros;
  application: string;
  opens: boolean;
  /** Remembered until the event is committed and beyond, so that a redelivery counts it as the first delivery would. */
  shadow?: ShadowMark;
}

/** A failed event: remembered too, so that its verdict stands when rules change between two deliveries. */
export interface FailedEntry {
  errorId: string;
  receivedAt: Micros;
  application: string;
  issues: Issue[];
}

/** What the session knows of the arrivals and of itself before they are decided. */
export interface Known {
  stored: Map<string, StoredEntry>;
  failed: Map<string, FailedEntry>;
  lastSequence: number;
  /** True if an event of the session was accepted in this slot of ACTIVITY_SLOT_MICROS. */
  isActiveIn(slot: number): boolean;
}

/** What a verdict depends on beside the event and its receipt. */
export interface Terms {
  futureToleranceMicros: number;
  /** The rules that an event of this receipt is judged by. */
  rulesAt: (receivedAt: Micros) => Rules;
}

export interface Decision {
  /** In the order of the arrivals. */
  outcomes: Outcome[];
  /** What is new, to be remembered before the outcomes are told. */
  stored: StoredEntry[];
  failed: FailedEntry[];
}

/** An arrival with what identifies it. `index` is its place among the arrivals of the call. */
export interface Candidate {
  arrival: Arrival;
  index: number;
  event: unknown;
  fingerprint: string;
  errorId: string;
}

/** Reads the arrivals of a call, before the session is asked what it knows of them. */
export function readArrivals(session: string, arrivals: Arrival[]): Candidate[] {
  return arrivals.map((arrival, index) => {
    const event: unknown = JSON.parse(arrival.text);
    const content = fingerprint(event);
    return {
      ...{ arrival, index, event, fingerprint: content },
      // Made when asked for: most sessions remember no failure, and most events are none.
      get errorId() {
        return arrival.replayOf ?? errorId(session, arrival.id, content);
      },
    };
  });
}

/**
 * Decides identity, validity and order for all that arrived together. Pure.
 *
 * Identity goes by receipt: of several arrivals with one id the earliest received is the event. Sequences go by the
 * ordering key (occurrence, then receipt). Whatever the session knows already keeps its outcome unjudged.
 *
 * A replay of a failure is judged anew. The failure stays remembered, so that a late redelivery of what failed changes
 * nothing; a failed replay is not remembered at all.
 */
export function decide(candidates: Candidate[], known: Known, terms: Terms): Decision {
  const outcomes = new Array<Outcome | null>(candidates.length).fill(null);
  const stored = new Map<string, StoredEntry>();
  const failed = new Map<string, FailedEntry>();
  const fresh: { entry: StoredEntry; index: number }[] = [];
  const repeats: { of: StoredEntry; index: number }[] = [];

  const byReceipt = [...candidates].sort((a, b) => a.arrival.receivedAt - b.arrival.receivedAt || a.index - b.index);
  for (const candidate of byReceipt) {
    const { arrival, index, event, fingerprint: content } = candidate;
    const same = known.stored.get(arrival.id) ?? stored.get(arrival.id);
    if (same !== undefined && same.fingerprint === content) {
      repeats.push({ of: same, index });
      continue;
    }
    const isReplay = arrival.replayOf !== undefined;
    const hasFailures = known.failed.size + failed.size > 0;
    const failure = hasFailures ? (known.failed.get(candidate.errorId) ?? failed.get(candidate.errorId)) : undefined;
    if (failure !== undefined && !isReplay) {
      outcomes[index] = { kind: "failed", ...failure, duplicate: true };
      continue;
    }
    const { receivedAt, application } = arrival;
    const { futureToleranceMicros } = terms;
    const rules = terms.rulesAt(receivedAt);
    const bytes = utf8Bytes(arrival.text);
    const verdict = checkEvent(event, { futureToleranceMicros, rules, receivedAt, bytes });
    if (verdict.valid && same === undefined) {
      const entry: StoredEntry = {
        id: arrival.id,
        fingerprint: content,
        sequence: 0,
        occurredAt: verdict.occurredAt,
        receivedAt,
        application,
        opens: false,
        ...(verdict.shadow === null ? {} : { shadow: shadowMark(verdict.shadow) }),
      };
      stored.set(entry.id, entry);
      fresh.push({ entry, index });
      continue;
    }
    const issues = verdict.valid ? [] : verdict.issues;
    if (same !== undefined) issues.push(conflict(same.sequence));
    const entry: FailedEntry = { errorId: candidate.errorId, receivedAt, application, issues };
    if (!isReplay) failed.set(entry.errorId, entry);
    outcomes[index] = { kind: "failed", ...entry, duplicate: false };
  }

  giveSequences(fresh, known);
  for (const { entry, index } of fresh) outcomes[index] = storedOutcome(entry, false);
  for (const { of, index } of repeats) outcomes[index] = storedOutcome(of, true);

  return {
    outcomes: outcomes.filter((outcome) => outcome !== null),
    stored: [...stored.values()],
    failed: [...failed.values()],
  };
}

/** Numbers the new events in the order in which they occurred, and marks those that open a slot of activity. */
function giveSequences(fresh: { entry: StoredEntry }[], known: Known): void {
  const opened = new Set<number>();
  let sequence = known.lastSequence;
  fresh.sort((a, b) => a.entry.occurredAt - b.entry.occurredAt || a.entry.receivedAt - b.entry.receivedAt);
  for (const { entry } of fresh) {
    const slot = Math.floor(entry.occurredAt / ACTIVITY_SLOT_MICROS);
    sequence += 1;
    entry.sequence = sequence;
    entry.opens = !known.isActiveIn(slot) && !opened.has(slot);
    opened.add(slot);
  }
}

function storedOutcome(entry: StoredEntry, duplicate: boolean): Outcome {
  const { id: _, fingerprint: __, ...told } = entry;
  return { kind: "stored", ...told, duplicate };
}

/** Sequence 0: the two met in one call, and the other has no number yet. */
function conflict(sequence: number): Issue {
  const which = sequence === 0 ? "another event of the session" : `event ${sequence} of the session`;
  return { code: "id_conflict", path: "/id", message: `expected an id of its own, found that of ${which}` };
}

/** Small, since the session remembers it: the messages can be had again by a check. */
function shadowMark({ version, issues }: ShadowFindings): ShadowMark {
  return { version, paths: [...new Set(issues.map(({ path }) => countedPath(path)))] };
}
