import { isJsonObject } from "../../model/event/event";
import { firstText, nativeEvent, objectOf, textOf, unlessObject, unlessText, unmapped } from "./values";

/** Where the session is looked for, in this order. */
export type SessionOrder = readonly ("context" | "anonymous" | "user")[];

const IDENTITY = new Set(["identify", "group"]);

/**
 * An event as Segment specified it, and RudderStack and Jitsu send it.
 *
 * What SDKs add for transport (`sentAt`, `originalTimestamp`, `_metadata` …) goes into the context, which is not content:
 * it differs between the copies of an event.
 *
 * @param type the type that the path names, for an event that names none
 */
export function specEvent(message: unknown, order: SessionOrder, type = "track"): Record<string, unknown> {
  if (!isJsonObject(message)) return unmapped(message);
  const { properties, traits, context, messageId, timestamp, event, name, groupId, previousId, writeKey, ...rest } =
    message;
  const known = objectOf(context);
  const kind = textOf(rest.type) ?? type;
  const isIdentity = IDENTITY.has(kind);
  const sessions = {
    context: known.sessionId,
    anonymous: rest.anonymousId,
    user: rest.userId,
  };
  return nativeEvent({
    session: firstText(...order.map((place) => sessions[place])),
    visitor: firstText(rest.userId, rest.anonymousId),
    category: kind,
    name: firstText(event, name, kind === "track" ? undefined : objectOf(properties).name, kind) ?? kind,
    data: {
      ...objectOf(properties),
      ...objectOf(traits ?? (isIdentity ? known.traits : undefined)),
      ...(groupId === undefined || kind !== "group" ? {} : { groupId }),
      ...(previousId === undefined ? {} : { previousId }),
    },
    timestamp: timestamp ?? rest.originalTimestamp,
    id: textOf(messageId),
    context: { ...known, ...rest, ...(groupId === undefined || kind === "group" ? {} : { groupId }) },
    unmapped: {
      ...{ properties: unlessObject(properties), traits: unlessObject(traits), context: unlessObject(context) },
      ...{ messageId: unlessText(messageId), event: unlessText(event) },
      // Of two names one is the event's.
      name: textOf(event) === undefined ? unlessText(name) : name,
    },
  });
}

/** The events of `{batch: […]}`, or the one event that a body is. */
export function messagesOf(body: unknown): unknown[] {
  return isJsonObject(body) && Array.isArray(body.batch) ? body.batch : [body];
}
