import type { Repair } from "../../model/repair/repair";
import { MAX_PREVIEWED_ERRORS, type ReplaySelection } from "../../model/replay";
import type { Database } from "../../storage/core/databases";
import { asAsked, findErrors, findErrorsById, fittingErrors } from "../../storage/errors/error-queries";
import type { FoundError } from "../../storage/errors/scan-errors";
import { type Preview, type PreviewTerms, previewErrors } from "./preview-errors";

/** Validates the errors that a replay would process, and changes nothing. The replay itself uses the same code. */
export async function previewReplay(
  databases: Database[],
  selection: ReplaySelection,
  repair: Repair | null,
  terms: PreviewTerms,
): Promise<Preview> {
  const { errors, complete } = await select(databases, selection);
  const preview = previewErrors(errors, repair, terms);
  return { ...preview, complete: complete && preview.complete };
}

async function select(
  databases: Database[],
  selection: ReplaySelection,
): Promise<{ errors: FoundError[]; complete: boolean }> {
  if ("ids" in selection) {
    const first = selection.ids.slice(0, MAX_PREVIEWED_ERRORS);
    const ids = first.slice(0, await fittingErrors(databases, first));
    const errors = await findErrorsById(databases, ids);
    return {
      errors: errors.filter(({ resolvedAt }) => resolvedAt === null),
      complete: ids.length === selection.ids.length,
    };
  }
  const question = { ...asAsked(selection.filter), status: "open" as const, order: "asc" as const };
  const { rows, next } = await findErrors(databases, { ...question, limit: MAX_PREVIEWED_ERRORS, after: null });
  return { errors: rows, complete: next === null };
}
