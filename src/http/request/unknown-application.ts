import type { Database } from "../../storage/core/databases";
import { isKnownApplication } from "../../storage/keys/known-application";
import { Refusal } from "../problem";
import { refuseParameter } from "./parameters";

const UNKNOWN =
  "no application has this name, and none has sent anything under it. GET /theeye/applications lists them (admin key).";

/**
 * Refuses a filter by an application that never existed; otherwise null. Used when an answer is empty, so that a
 * misspelt name does not look like an application without events.
 */
export async function refuseUnknownApplication(
  databases: readonly Database[],
  application: string | undefined,
): Promise<Refusal | null> {
  if (application === undefined || (await isKnownApplication(databases, application))) return null;
  return refuseParameter("application", UNKNOWN);
}

/** A member of a body, by its path, that names an application. */
export interface NamedApplication {
  member: string;
  application: string;
}

/** The same for members of a body: refuses the first that names an application which never existed. */
export async function refuseUnknownMembers(
  databases: readonly Database[],
  named: readonly NamedApplication[],
): Promise<Refusal | null> {
  const names = [...new Set(named.map(({ application }) => application))];
  const known = await Promise.all(names.map((name) => isKnownApplication(databases, name)));
  const unknown = named.find(({ application }) => known[names.indexOf(application)] === false);
  if (unknown === undefined) return null;
  const { member } = unknown;
  return new Refusal("invalid_parameter", `The member ${member} is not valid: ${UNKNOWN}`, { parameter: member });
}

/** The named application of a member, if it names one. */
export function namedIn(member: string, holder: { application?: string | undefined } | undefined): NamedApplication[] {
  return holder?.application === undefined ? [] : [{ member, application: holder.application }];
}
