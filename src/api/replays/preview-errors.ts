import type * as v from "valibot";
import type { Issue } from "../../model/codes";
import { countedPath } from "../../model/event/issue-path";
import type { Repair } from "../../model/repair/repair";
import { MAX_PREVIEW_WORK } from "../../model/replay";
import { WorkMeter } from "../../model/work-meter";
import { type FailedEvent, prepareReplay, validateReplayed } from "../../rules/replay-event";
import type { Rules } from "../../rules/rules";
import { MAX_VALIDATION_WORK } from "../../rules/schema-limits";
import type { PreviewSchema } from "./replay-schemas";

export type Preview = v.InferOutput<typeof PreviewSchema>;

export interface PreviewTerms {
  futureToleranceMicros: number;
  rules: Rules;
}

export interface PreviewedError extends FailedEvent {
  key: FailedEvent["key"] & { id: string };
}

type Sample = Preview["samples"][number];

const SAMPLES_OF_EACH = 3;

/**
 * Validates errors in their order, until all are done or the allowed work is used up. Work is counted instead of
 * timed, so that a repeated preview examines the same number.
 */
export function previewErrors(
  errors: readonly PreviewedError[],
  repair: Repair | null,
  terms: PreviewTerms,
  limit: number = MAX_PREVIEW_WORK,
): Preview {
  const validated: Sample[] = [];
  let work = 0;
  for (const error of errors) {
    if (work >= limit) break;
    const one = validate(error, repair, terms);
    work += one.work;
    validated.push(one.sample);
  }
  const ofVerdict = (verdict: Sample["verdict"]) => validated.filter((one) => one.verdict === verdict);
  return {
    examined: validated.length,
    would_pass: ofVerdict("pass").length,
    would_fail: ofVerdict("fail").length,
    would_skip: ofVerdict("skip").length,
    complete: validated.length === errors.length,
    failures: groupIssues(ofVerdict("fail")),
    samples: (["fail", "skip", "pass"] as const).flatMap((verdict) => ofVerdict(verdict).slice(0, SAMPLES_OF_EACH)),
  };
}

function validate(error: PreviewedError, repair: Repair | null, terms: PreviewTerms): { sample: Sample; work: number } {
  const { id } = error.key;
  const prepared = prepareReplay(error, repair);
  if (prepared.kind === "unfit") {
    const { reason, work } = prepared;
    return { sample: { id, verdict: "skip", event: null, issues: [], reason }, work };
  }
  const meter = new WorkMeter(MAX_VALIDATION_WORK);
  const verdict = validateReplayed(prepared, { ...terms, meter });
  // Content that is nested too deep cannot be queued again.
  const event = prepared.isOversized ? null : prepared.event;
  const sample: Sample = verdict.valid
    ? { id, verdict: "pass", event, issues: [] }
    : { id, verdict: "fail", event, issues: verdict.issues };
  return { sample, work: prepared.work + meter.spent };
}

function groupIssues(failed: Sample[]): Preview["failures"] {
  const counts = new Map<string, number>();
  for (const { issues } of failed) {
    const kinds = issues.map(({ code, path }) => JSON.stringify([code, countedPath(path)]));
    for (const kind of new Set(kinds)) counts.set(kind, (counts.get(kind) ?? 0) + 1);
  }
  return [...counts]
    .map(([kind, count]) => {
      const [code, path]: [Issue["code"], string] = JSON.parse(kind);
      return { code, path, count };
    })
    .sort((a, b) => b.count - a.count);
}
