import { isKnownApplication } from "../../storage/admin/known-application";
import type { Database } from "../../storage/core/databases";
import type { Refusal } from "../problem";
import { refuseParameter } from "./parameters";

/**
 * Refuses a filter by an application that never existed; otherwise null. Used when an answer is empty, so that a
 * misspelt name does not look like an application without events.
 */
export async function refuseUnknownApplication(
  databases: readonly Database[],
  application: string | undefined,
): Promise<Refusal | null> {
  if (application === undefined || (await isKnownApplication(databases, application))) return null;
  return refuseParameter(
    "application",
    "no application has this name, and none has sent anything under it. GET /theeye/applications lists them (admin key).",
  );
}
