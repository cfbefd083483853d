import type * as v from "valibot";
import type { Issue } from "../model/codes";
import { countedPath } from "../model/issue-path";
import type { Repair } from "../model/repair";
import { MAX_PREVIEWED_ERRORS, type ReplaySelection } from "../model/replay";
import { judgeReplayed, prepareReplay } from "../rules/replay-event";
import type { Rules } from "../rules/rules";
import type { Database } from "../storage/databases";
import { type FoundError, findErrors, findErrorsById } from "../storage/error-queries";
import type { PreviewSchema } from "./replay-schemas";

export type Preview = v.InferOutput<typeof PreviewSchema>;

const SAMPLES_OF_EACH = 3;

/** Judges the errors that a replay would take, and changes nothing. The same code judges in the replay itself. */
export async function previewReplay(
  databases: Database[],
  selection: ReplaySelection,
  repair: Repair | null,
  terms: { futureToleranceMicros: number; rules: Rules },
): Promise<Preview> {
  const { errors, complete } = await select(databases, selection);
  const judged = errors.map((error) => judge(error, repair, terms));
  const ofVerdict = (verdict: Sample["verdict"]) => judged.filter((one) => one.verdict === verdict);
  return {
    examined: judged.length,
    would_pass: ofVerdict("pass").length,
    would_fail: ofVerdict("fail").length,
    would_skip: ofVerdict("skip").length,
    complete,
    failures: groupIssues(ofVerdict("fail")),
    samples: (["fail", "skip", "pass"] as const).flatMap((verdict) => ofVerdict(verdict).slice(0, SAMPLES_OF_EACH)),
  };
}

type Sample = Preview["samples"][number];

async function select(
  databases: Database[],
  selection: ReplaySelection,
): Promise<{ errors: FoundError[]; complete: boolean }> {
  if ("ids" in selection) {
    const ids = selection.ids.slice(0, MAX_PREVIEWED_ERRORS);
    const errors = await findErrorsById(databases, ids);
    return {
      errors: errors.filter(({ resolvedAt }) => resolvedAt === null),
      complete: ids.length === selection.ids.length,
    };
  }
  const question = { ...selection.filter, status: "open" as const, order: "asc" as const };
  const { rows, next } = await findErrors(databases, { ...question, limit: MAX_PREVIEWED_ERRORS, after: null });
  return { errors: rows, complete: next === null };
}

function judge(
  error: FoundError,
  repair: Repair | null,
  terms: { futureToleranceMicros: number; rules: Rules },
): Sample {
  const { id } = error.key;
  const prepared = prepareReplay(error, repair);
  if (prepared.kind === "unfit") return { id, verdict: "skip", event: null, issues: [], reason: prepared.reason };
  const verdict = judgeReplayed(prepared, terms);
  // What is nested too deep would not survive the way back.
  const event = prepared.isOversized ? null : prepared.event;
  return verdict.valid
    ? { id, verdict: "pass", event, issues: [] }
    : { id, verdict: "fail", event, issues: verdict.issues };
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
