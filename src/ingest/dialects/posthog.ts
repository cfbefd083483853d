import { Refusal } from "../../http/problem";
import { isJsonObject } from "../../model/event/event";
import { parseHidden } from "./decode";
import type { Dialect } from "./dialect";
import {
  divide,
  firstText,
  hiddenBy,
  nativeEvent,
  objectOf,
  textOf,
  unlessObject,
  unlessText,
  unmapped,
} from "./values";

const V1 = "/i/v1/analytics/events";

/** Paths of the browser SDK, which drops events on 429 and retries on 503. */
const BROWSER = new Set(["/e", "/i/v0/e"]);

/** PostHog. Its browser SDK accepts only 200 as success, and its new protocol needs a JSON object. */
export const posthog: Dialect = {
  name: "posthog",
  paths: ["/e", "/i/v0/e", "/batch", "/capture", V1],

  read({ path, headers, text }) {
    const body = parseHidden(text);
    if (body instanceof Refusal) return body;
    const head = objectOf(body);
    const events = Array.isArray(body) ? body : Array.isArray(head.batch) ? head.batch : [body];
    const first = objectOf(events[0]);
    const sentAt = textOf(head.sent_at ?? headers.get("PostHog-Request-Timestamp"));
    return {
      key:
        path === V1
          ? null
          : (firstText(head.api_key, head.token, first.api_key, objectOf(first.properties).token) ?? null),
      events: events.map((event) => eventOf(event, sentAt)),
    };
  },

  accept({ path }, { events }) {
    if (path !== V1) return Response.json({ status: 1 });
    const uuids = events.flatMap(({ id }) => (typeof id === "string" ? [id] : []));
    return Response.json({ results: Object.fromEntries(uuids.map((uuid) => [uuid, { result: "ok" }])) });
  },

  refuse({ path }, refusal) {
    const isLost = refusal.status === 429 && BROWSER.has(path);
    return (isLost ? new Refusal("unavailable", refusal.detail) : refusal).response();
  },
};

/** Properties about the circumstances of an event; the others are the payload. */
const CIRCUMSTANCES = /^\$(?:lib|window_id|insert_id$|time$|sent_at|session_id$|device_id$|is_server$|geoip_disable$)/;

function eventOf(event: unknown, sentAt: string | undefined): Record<string, unknown> {
  if (!isJsonObject(event)) return unmapped(event);
  const { event: name, properties, distinct_id, timestamp, uuid, session_id, api_key, ...rest } = event;
  const { $set, $set_once, ...others } = rest;
  const { token, ...payload } = objectOf(properties);
  const [circumstances, data] = divide(payload, (key) => CIRCUMSTANCES.test(key));
  const transport = { ...(sentAt === undefined ? {} : { sent_at: sentAt }), ...circumstances };
  const context: Record<string, unknown> = { ...others, ...transport };
  // Browsers send these beside the properties, servers within them.
  const person = {
    ...($set === undefined ? {} : { $set }),
    ...($set_once === undefined ? {} : { $set_once }),
  };
  const visitor = firstText(distinct_id, data.distinct_id);
  const session = firstText(context.$session_id, session_id, visitor);
  return nativeEvent({
    session,
    visitor,
    category: "posthog",
    name: textOf(name) ?? "",
    data: { ...data, ...person },
    timestamp,
    id: textOf(uuid),
    context,
    unmapped: {
      ...{ event: unlessText(name), distinct_id: unlessText(distinct_id), uuid: unlessText(uuid) },
      session_id: session !== undefined && textOf(session_id) === session ? undefined : session_id,
      properties: unlessObject(properties),
      hidden_data: hiddenBy(person, data),
      hidden_context: hiddenBy(transport, others),
    },
  });
}
