import { errorId, fingerprint } from "../../../src/model/event/fingerprint";
import type { Micros } from "../../../src/model/time/time";
import type { Subject } from "../../../src/storage/erasures/subject";
import type { Tables } from "../world/tables";
import type { Submission, Traffic } from "../world/traffic";
import { contentOf, flawsOf, identityOf, isStoredAs } from "./expectations";
import { regimeAt } from "./rule-sets";

type ErasedBefore = (subject: Subject) => Micros;

interface Belongs {
  session: string | null;
  visitor: unknown;
  receivedAt: Micros;
}

function isErased({ session, visitor, receivedAt }: Belongs, erasedBefore: ErasedBefore): boolean {
  const ofSession = session === null ? 0 : erasedBefore({ kind: "session", id: session });
  const ofVisitor = typeof visitor === "string" ? erasedBefore({ kind: "visitor", id: visitor }) : 0;
  return receivedAt < Math.max(ofSession, ofVisitor);
}

/** Everything that is stored although it was erased. Also applies with replays. */
export function returnedProblems({ lanes, databases }: Tables, erasedBefore: ErasedBefore): string[] {
  const events = lanes.flatMap((lane) => lane.events).filter((row) => isErased(row, erasedBefore));
  const errors = databases
    .flatMap((one) => one.errors)
    .filter(({ session, content, receivedAt }) => {
      const sent: unknown = content === null ? null : JSON.parse(content);
      const visitor = typeof sent === "object" && sent !== null && "visitor_id" in sent ? sent.visitor_id : null;
      return isErased({ session, visitor, receivedAt }, erasedBefore);
    });
  return [
    ...events.map((row) => `erased, and stored: ${JSON.stringify(row)}`),
    ...errors.map((row) => `erased, and among the errors: ${JSON.stringify(row)}`),
  ];
}

/** Everything that is neither stored nor among the errors although it was not erased. Only without replays. */
export function lostProblems(traffic: Traffic, { lanes, databases }: Tables, erasedBefore: ErasedBefore): string[] {
  const stored = new Map(lanes.flatMap((lane) => lane.events).map((row) => [identityOf(row), row]));
  const errors = new Set(databases.flatMap((one) => one.errors.map(({ id }) => id)));
  const erased = traffic.submissions.filter((one) => isErased(belongs(one), erasedBefore));
  const kept = traffic.submissions.filter((one) => !erased.includes(one));
  // The same event or failure, sent again, is the one that was erased.
  const sameAsErased = new Set(erased.map(sayingOf));
  return kept.flatMap((one) => {
    if (sameAsErased.has(sayingOf(one)) || errors.has(errorIdOf(one))) return [];
    const isValid = flawsOf(one, regimeAt(traffic.regimes, one.receivedAt)).length === 0;
    const row = stored.get(identityOf(one));
    const isThere = isValid && row !== undefined && contentOf(row) === contentOf(one);
    const isItself = row !== undefined && kept.some((other) => isStoredAs(other, row));
    return isThere && isItself ? [] : [`not erased, and lost: ${JSON.stringify(one)}`];
  });
}

function belongs({ event, session, receivedAt }: Submission): Belongs {
  const named = typeof event.session_id === "string" ? event.session_id : session;
  return { session: named, visitor: event.visitor_id, receivedAt };
}

function errorIdOf({ session, id, application, event }: Submission): string {
  return errorId(session, id, fingerprint(session === null ? [application, event] : event));
}

/** The identity that two deliveries of one event share. */
function sayingOf(one: Submission): string {
  return `${identityOf(one)} ${errorIdOf(one)}`;
}
