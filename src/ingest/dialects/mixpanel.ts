import { Refusal } from "../../http/problem";
import { isJsonObject } from "../../model/event/event";
import { parseHidden } from "./decode";
import type { Dialect, VendorRequest } from "./dialect";
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

/** Mixpanel. Its Node SDK reads only the body: `1`, or `{"status":1}` with `verbose=1`. It never retries. */
export const mixpanel: Dialect = {
  name: "mixpanel",
  paths: ["/track", "/engage", "/groups", "/import"],

  read({ path, query, text }) {
    const body = parseHidden(query.has("data") ? (query.get("data") ?? "") : text);
    if (body instanceof Refusal) return body;
    const updates = Array.isArray(body) ? body : [body];
    const first = objectOf(updates[0]);
    const isProfile = path === "/engage" || path === "/groups";
    return {
      key: firstText(objectOf(first.properties).token, first.$token, query.get("api_key")) ?? null,
      events: updates.map((update) => (isProfile ? profileOf(update, path) : eventOf(update))),
    };
  },

  accept: (request) => answer(request, 1, null),

  refuse(request, refusal) {
    const { status, headers } = refusal.response();
    headers.delete("Content-Type");
    return answer(request, 0, refusal.detail, { status, headers });
  },
};

function answer({ path, query }: VendorRequest, status: number, error: string | null, init?: ResponseInit): Response {
  // The SDK always sends `verbose`. Other clients of this path expect the documented response of Mixpanel's import.
  if (path === "/import" && status === 1 && !query.has("verbose"))
    return Response.json({ code: 200, status: "OK" }, init);
  return query.get("verbose") === "1" ? Response.json({ status, error }, init) : new Response(String(status), init);
}

/** Properties about the circumstances of an event and not its content. */
const CIRCUMSTANCES =
  /^(?:mp_lib|mp_sent_by_lib_version|\$(?:lib_version|browser.*|os|device|screen_.*|device_id|user_id|insert_id|had_persisted_distinct_id))$/;

function eventOf(event: unknown): Record<string, unknown> {
  if (!isJsonObject(event)) return unmapped(event);
  const { event: name, properties, ...rest } = event;
  const { token, time, distinct_id, ...others } = objectOf(properties);
  const [circumstances, data] = divide(others, (key) => CIRCUMSTANCES.test(key));
  return nativeEvent({
    session: firstText(distinct_id, others.$device_id),
    visitor: firstText(others.$user_id, distinct_id),
    category: "mixpanel",
    name: textOf(name) ?? "",
    data,
    // The Node SDK usually sends no time. The time of receipt is used instead, as in Mixpanel.
    timestamp: time ?? Date.now(),
    id: textOf(others.$insert_id),
    context: { ...rest, ...circumstances },
    unmapped: {
      ...{ event: unlessText(name), distinct_id: unlessText(distinct_id) },
      properties: unlessObject(properties),
      hidden_context: hiddenBy(circumstances, rest),
    },
  });
}

/** An update of a profile or a group. It has no id and usually no time. */
function profileOf(update: unknown, path: string): Record<string, unknown> {
  if (!isJsonObject(update)) return unmapped(update);
  const { $token, $time, ...data } = update;
  const group = data.$group_key === undefined ? undefined : `${data.$group_key}:${data.$group_id}`;
  const visitor = textOf(data.$distinct_id);
  return nativeEvent({
    session: visitor ?? group,
    visitor,
    category: "mixpanel",
    name: path === "/engage" ? "$profile" : "$group",
    data,
    timestamp: $time ?? Date.now(),
    id: undefined,
    context: {},
  });
}
