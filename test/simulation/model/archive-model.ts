import { canonicalText } from "../../../src/model/json/canonical-text";
import type { Micros } from "../../../src/model/time/time";
import type { Subject } from "../../../src/storage/erasures/subject";
import type { ErrorFound, EventFound, Tables } from "../world/tables";
import type { Submission, Traffic } from "../world/traffic";
import { contentOf, flawsOf, identityOf, isStoredAs } from "./expectations";
import { regimeAt } from "./rule-sets";

type ErasedBefore = (subject: Subject) => Micros;

/** Whether a stored event was erased. */
export function isErasedRow(erasedBefore: ErasedBefore) {
  return ({ session, visitor, receivedAt }: Pick<EventFound, "session" | "visitor" | "receivedAt">): boolean => {
    const ofVisitor = visitor === null ? 0 : erasedBefore({ kind: "visitor", id: visitor });
    return receivedAt < Math.max(erasedBefore({ kind: "session", id: session }), ofVisitor);
  };
}

/**
 * What of the events is not what the traffic must have become once all of it is delivered: each valid event is stored once, in
 * the databases or in the archive, and each content that lost its identity to another is among the errors, though perhaps in
 * other words: what came late is put together anew. Events of which a delivery was erased are left out.
 */
export function archiveProblems(traffic: Traffic, { lanes, databases }: Tables, erasedBefore: ErasedBefore): string[] {
  const problems: string[] = [];
  const isErased = isErasedRow(erasedBefore);
  const stored = Map.groupBy(
    lanes.flatMap((lane) => lane.events),
    identityOf,
  );
  const conflicts = Map.groupBy(
    databases.flatMap(({ errors }) => errors).filter(({ issues }) => issues.some(({ code }) => code === "id_conflict")),
    ({ session, eventId, content }) => `${session} ${eventId} ${contentOfError(content)}`,
  );
  const valid = Map.groupBy(
    traffic.submissions.filter((one) => flawsOf(one, regimeAt(traffic.regimes, one.receivedAt)).length === 0),
    identityOf,
  );
  for (const [identity, rows] of stored) {
    if (!valid.has(identity)) problems.push(`${identity}: stored, and not valid`);
    if (rows.length > 1) problems.push(`${identity}: stored ${rows.length} times`);
  }
  for (const [identity, candidates] of valid) {
    if (candidates.some((one) => isErased(belongs(one)))) continue;
    const [row] = stored.get(identity) ?? [];
    if (row === undefined) {
      problems.push(`${identity}: stored 0 times`);
      continue;
    }
    if (!candidates.some((one) => isStoredAs(one, row))) problems.push(`${identity}: stored as nothing that was sent`);
    for (const one of candidates) {
      if (contentOf(one) === contentOf(row)) continue;
      const error = `${one.session} ${one.id} ${contentOf(one)}`;
      if (!conflicts.has(error)) problems.push(`${identity}: a conflict is not among the errors: ${error}`);
    }
  }
  return problems;
}

function contentOfError(content: ErrorFound["content"]): string {
  const { category, name, data } = JSON.parse(content ?? "{}");
  return canonicalText({ category, name, data });
}

function belongs({ event, session, receivedAt }: Submission) {
  const visitor = typeof event.visitor_id === "string" ? event.visitor_id : null;
  return { session: session ?? "", visitor, receivedAt };
}
