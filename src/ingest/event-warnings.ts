import { isJsonObject } from "../model/event/event";
import { EVENT_MEMBERS, extraOf } from "../model/event/extra";
import { escapePointer } from "../model/json/json-pointer";

/** A warning about an event, which does not change its verdict. `path` is a JSON pointer (RFC 6901) into the event. */
export interface Warning {
  path: string;
  message: string;
}

/** Keeps the answer readable: a request can have 500 events with thousands of members each. */
const MAX_WARNINGS_PER_EVENT = 20;

/**
 * Names that other collectors and SDKs use, normalised by `reduced`, by the member of this format with the same
 * meaning.
 */
const ALIASES: Record<string, readonly string[]> = {
  session_id: ["sid", "session", "sessionkey"],
  category: ["eventcategory", "eventgroup"],
  name: ["event", "eventname", "eventaction"],
  data: ["properties", "props", "payload", "eventdata", "eventproperties", "eventparams", "attributes"],
  timestamp: ["time", "ts", "date", "datetime", "occurredat", "createdat", "eventtime", "originaltimestamp"],
  id: ["eventid", "messageid", "uuid", "insertid"],
  visitor_id: ["visitor", "user", "userid", "uid", "anonymousid", "distinctid", "clientid", "deviceid"],
  context: ["ctx", "contexts"],
};

const MEMBER_OF_ALIAS = new Map(
  Object.entries(ALIASES).flatMap(([member, aliases]) => [
    [reduced(member), member],
    ...aliases.map((alias): [string, string] => [alias, member]),
  ]),
);

/** Members that answers add to an event. */
const GIVEN_BY_THE_SERVICE = new Set(["application", "received_at", "position", "extra"]);

/** Shorter names are too similar to other words: `data` to `date`, `context` to `content`. */
const MIN_LETTERS_TO_COMPARE = 8;

/** Warnings about the members of an event that the format does not name, each with the member that may be meant. */
export function warningsOf(event: unknown): Warning[] {
  if (!isJsonObject(event)) return [];
  const names = Object.keys(extraOf(event) ?? {});
  const warnings = names
    .slice(0, MAX_WARNINGS_PER_EVENT)
    .map((name) => ({ path: `/${escapePointer(name)}`, message: messageOf(name, event) }));
  const more = names.length - warnings.length;
  if (more > 0) warnings.push({ path: "", message: `${more} more members are kept under \`extra\`` });
  return warnings;
}

function messageOf(name: string, event: Record<string, unknown>): string {
  if (GIVEN_BY_THE_SERVICE.has(name)) {
    return "kept under `extra` and not interpreted: the service itself sets this member";
  }
  const meant = memberMeantBy(name);
  const hint = meant === null || Object.hasOwn(event, meant) ? "" : `; did you mean \`${meant}\`?`;
  return `kept under \`extra\`: the format does not name this member${hint}`;
}

/** The member that a name is another spelling of, or null. */
function memberMeantBy(name: string): string | null {
  // A longer name cannot be a misspelling.
  if (name.length > 64) return null;
  const letters = reduced(name);
  const alias = MEMBER_OF_ALIAS.get(letters);
  if (alias !== undefined) return alias;
  return [...EVENT_MEMBERS].find((member) => isMisspelt(letters, reduced(member))) ?? null;
}

/** `sessionId`, `session-id` and `$session_id` are all `sessionid`. */
function reduced(name: string): string {
  return name.toLowerCase().replace(/[^a-z0-9]/g, "");
}

/** Whether one letter is wrong, missing or extra, or two neighbours are swapped. */
function isMisspelt(given: string, right: string): boolean {
  if (right.length < MIN_LETTERS_TO_COMPARE || Math.abs(given.length - right.length) > 1) return false;
  let start = 0;
  while (start < right.length && given[start] === right[start]) start++;
  const [left, wanted] = [given.slice(start), right.slice(start)];
  const isSwapped = left.charAt(0) === wanted.charAt(1) && left.charAt(1) === wanted.charAt(0);
  return (
    left.slice(1) === wanted.slice(1) ||
    left === wanted.slice(1) ||
    left.slice(1) === wanted ||
    (isSwapped && left.slice(2) === wanted.slice(2))
  );
}
