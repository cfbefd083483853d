import { isJsonObject } from "../../model/event/event";
import { countedPath } from "../../model/event/issue-path";
import type { Micros } from "../../model/time/time";
import { WorkMeter } from "../../model/work-meter";
import { checkEvent } from "../../rules/check-event";
import type { CheckPayload } from "../../rules/compile-schema";
import { rulesOf } from "../../rules/rules";
import { MAX_VALIDATION_WORK } from "../../rules/schema-limits";
import { type Check, MAX_GROUPS } from "./trial-schemas";

/** Samples in a group. */
const MAX_SAMPLES = 3;

/**
 * The units of work for the stored events, and as many for the failed ones: about 0.1 s each. See
 * MAX_VALIDATION_WORK.
 */
export const MAX_TRIAL_WORK = 2_500_000;

/** The fields of a stored event that a trial needs. `data` is JSON. */
export interface TriedEvent {
  session: string;
  id: string;
  data: string;
}

/** The fields of a failed event that a trial needs. `text` is JSON. */
export interface TriedError {
  key: { id: string; receivedAt: Micros };
  session: string | null;
  content: { kind: "whole"; text: string } | { kind: "incomplete" };
}

/** Validates events with a candidate schema, in their order, until all are done or the allowed work is used up. */
export function trySchema(
  check: CheckPayload,
  { stored, failed }: { stored: readonly TriedEvent[]; failed: readonly TriedError[] },
  futureToleranceMicros: number,
): Check {
  const tally = new Tally();
  const allStored = whileWorkIsLeft(stored, check, (event, metered) => {
    const faults = violationsOf(JSON.parse(event.data), metered);
    tally.add("stored", faults, { session_id: event.session, id: event.id });
  });
  const allFailed = whileWorkIsLeft(failed, check, (error, metered) => {
    const faults = faultsOf(error, metered, futureToleranceMicros);
    tally.add("failed", faults, { session_id: error.session, error_id: error.key.id });
  });
  return tally.result(allStored && allFailed);
}

/** @returns false if the allowed work was used up first */
function whileWorkIsLeft<Tried>(
  all: readonly Tried[],
  check: CheckPayload,
  tryOne: (one: Tried, metered: CheckPayload) => void,
): boolean {
  let spent = 0;
  for (const one of all) {
    if (spent >= MAX_TRIAL_WORK) return false;
    // Each payload gets the result that it would get as an event.
    const meter = new WorkMeter(MAX_VALIDATION_WORK);
    tryOne(one, (data) => check(data, meter));
    spent += meter.spent;
  }
  return true;
}

interface Fault {
  code: string;
  path: string;
  kind: string;
  message: string;
}

function violationsOf(data: unknown, check: CheckPayload): Fault[] {
  return check(data).map(({ path, keyword, message }) => ({
    ...{ code: "schema_violation", path: `/data${path}`, kind: keyword, message },
  }));
}

const NO_TYPES = rulesOf({ unregistered: "accept", types: [] });

/** All issues of a failed event if the candidate were its type's schema, except those that only its session can find. */
function faultsOf(error: TriedError, check: CheckPayload, futureToleranceMicros: number): Fault[] {
  if (error.content.kind !== "whole") {
    return [{ code: "event_too_large", path: "", kind: "event_too_large", message: "was sent in chunks" }];
  }
  const event: unknown = JSON.parse(error.content.text);
  const terms = { receivedAt: error.key.receivedAt, futureToleranceMicros, rules: NO_TYPES };
  const verdict = checkEvent(event, terms);
  const issues = verdict.valid ? [] : verdict.issues;
  const own = issues.map((issue) => ({ ...issue, kind: issue.code }));
  if (!isJsonObject(event) || !isJsonObject(event.data)) return own;
  if (own.some(({ code }) => code === "event_too_large")) return own;
  return [...own, ...violationsOf(event.data, check)];
}

type Group = Check["groups"][number];

class Tally {
  private readonly totals = { stored: { checked: 0, pass: 0, fail: 0 }, failed: { checked: 0, pass: 0, fail: 0 } };
  private readonly groups = new Map<string, Group>();

  add(kind: "stored" | "failed", faults: Fault[], sample: Omit<Group["samples"][number], "message">): void {
    this.totals[kind].checked += 1;
    this.totals[kind][faults.length === 0 ? "pass" : "fail"] += 1;
    const different = new Map(faults.map((fault) => [`${fault.code} ${countedPath(fault.path)} ${fault.kind}`, fault]));
    for (const [key, { code, path, kind: why, message }] of different) {
      const none: Group = { code, path: countedPath(path), kind: why, stored: 0, failed: 0, samples: [] };
      const group = this.groups.get(key) ?? none;
      group[kind] += 1;
      if (group.samples.length < MAX_SAMPLES) group.samples.push({ ...sample, message });
      this.groups.set(key, group);
    }
  }

  result(complete: boolean): Check {
    const all = [...this.groups.values()].sort((a, b) => b.stored + b.failed - a.stored - a.failed);
    return { ...this.totals, complete, groups: all.slice(0, MAX_GROUPS) };
  }
}
