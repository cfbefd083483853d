import { isKnownApplication } from "../../storage/admin/known-application";
import type { Database } from "../../storage/core/databases";
import type { Refusal } from "../problem";
import { refuseParameter } from "./parameters";

/**
 * The refusal of a filter by an application that never was; else null. Asked for where an answer holds nothing: a misspelt
 * name must not look like an application that sends nothing.
 */
export async function refuseUnknownApplication(
  databases: readonly Database[],
  application: string | undefined,
): Promise<Refusal | null> {
  if (application === undefined || (await isKnownApplication(databases, application))) return null;
  return refuseParameter(
    "application",
    "there is no application of this name, and nothing that one has sent. An admin key lists them: GET /theeye/applications.",
  );
}
