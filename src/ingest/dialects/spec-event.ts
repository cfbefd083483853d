import { isJsonObject } from "../../model/event/event";
import { firstText, nativeEvent, objectOf, textOf, unlessObject, unlessText, unmapped } from "./values";

/** The order in which to look for the session. */
type SessionPlace = "context" | "anonymous" | "user";
export type SessionOrder = readonly [SessionPlace, SessionPlace, SessionPlace];

const IDENTITY = new Set(["identify", "group"]);

/**
 * Maps an event of Segment's specification, which RudderStack and Jitsu use too.
 *
 * Members that SDKs add for transport (`sentAt`, `originalTimestamp`, `_metadata` …) go into the context, which is not
 * compared: they differ between copies of an event.
 *
 * @param type the type of the path, for an event without one
 */
export function specEvent(message: unknown, order: SessionOrder, type = "track"): Record<string, unknown> {
  if (!isJsonObject(message)) return unmapped(message);
  const { properties, traits, context, messageId, timestamp, event, name, groupId, previousId, writeKey, ...rest } =
    message;
  const known = objectOf(context);
  const kind = textOf(rest.type) ?? type;
  const isIdentity = IDENTITY.has(kind);
  const data = { ...objectOf(properties), ...objectOf(traits ?? (isIdentity ? known.traits : undefined)) };
  const whole: Record<string, unknown> = { ...known, ...rest };
  if (groupId !== undefined) (kind === "group" ? data : whole).groupId = groupId;
  if (previousId !== undefined) data.previousId = previousId;
  const sessions = { context: known.sessionId, anonymous: rest.anonymousId, user: rest.userId };
  return nativeEvent({
    session: firstText(sessions[order[0]], sessions[order[1]], sessions[order[2]]),
    visitor: firstText(rest.userId, rest.anonymousId),
    category: kind,
    name: firstText(event, name, kind === "track" ? undefined : objectOf(properties).name, kind) ?? kind,
    data,
    timestamp: timestamp ?? rest.originalTimestamp,
    id: textOf(messageId),
    context: whole,
    unmapped: {
      properties: unlessObject(properties),
      traits: unlessObject(traits),
      context: unlessObject(context),
      messageId: unlessText(messageId),
      event: unlessText(event),
      // If `event` names the event, `name` has no other place.
      name: textOf(event) === undefined ? unlessText(name) : name,
    },
  });
}

/** The events of `{batch: […]}`, or the body itself as one event. */
export function messagesOf(body: unknown): unknown[] {
  return isJsonObject(body) && Array.isArray(body.batch) ? body.batch : [body];
}
