import { isJsonObject } from "../../model/event/event";
import { firstText, hiddenBy, nativeEvent, objectOf, textOf, unlessObject, unlessText, unmapped } from "./values";

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
  const payload = objectOf(properties);
  const person = objectOf(traits ?? (isIdentity ? known.traits : undefined));
  const data = { ...payload, ...person };
  const whole: Record<string, unknown> = { ...known, ...rest };
  const hiddenContext = hiddenBy(rest, known);
  const ids: Record<string, unknown> = previousId === undefined ? {} : { previousId };
  if (groupId !== undefined) (kind === "group" ? ids : whole).groupId = groupId;
  const hiddenIds = hiddenBy(ids, data);
  Object.assign(data, ids);
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
      hidden_data: hiddenBy(person, payload),
      hidden_ids: hiddenIds,
      hidden_context: hiddenContext,
      // If `event` names the event, `name` has no other place.
      name: textOf(event) === undefined ? unlessText(name) : name,
    },
  });
}

/** The events of `{batch: […]}`, or the body itself as one event. */
export function messagesOf(body: unknown): unknown[] {
  return isJsonObject(body) && Array.isArray(body.batch) ? body.batch : [body];
}
