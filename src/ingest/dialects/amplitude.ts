import { Refusal } from "../../http/problem";
import { isJsonObject } from "../../model/event/event";
import { parseBody } from "./decode";
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

const PAYLOAD = new Set(["event_properties", "user_properties", "group_properties", "groups"]);

/**
 * Amplitude. Its SDKs read the body's `code`. They retry every refusal for ever, except a body that names the missing
 * field and an invalid key.
 */
export const amplitude: Dialect = {
  name: "amplitude",
  paths: ["/2/httpapi"],

  read({ text }) {
    const body = parseBody(text);
    if (body instanceof Refusal) return body;
    const { api_key, events, client_upload_time } = objectOf(body);
    const list = Array.isArray(events) ? events : [];
    return {
      key: textOf(api_key) ?? null,
      events: list.map((event) => eventOf(event, textOf(client_upload_time))),
    };
  },

  accept: ({ text }, { events }) =>
    Response.json({
      code: 200,
      events_ingested: events.length,
      payload_size_bytes: text.length,
      server_upload_time: Date.now(),
    }),

  refuse(_request, refusal) {
    const { status, detail, code } = refusal;
    const headers = refusal.response().headers;
    headers.set("Content-Type", "application/json");
    const body =
      status === 401 || status === 403
        ? { code: 401, error: `Invalid API key: ${detail}` }
        : { code: status, error: detail, ...(status === 400 ? { missing_field: code } : {}) };
    return new Response(JSON.stringify(body), { status: body.code, headers });
  },
};

function eventOf(event: unknown, uploadedAt: string | undefined): Record<string, unknown> {
  if (!isJsonObject(event)) return unmapped(event);
  const { event_type, time, insert_id, session_id, api_key, ...rest } = event;
  const device = firstText(rest.device_id, rest.user_id);
  // -1 marks an event outside any session.
  const session = session_id === -1 ? undefined : textOf(session_id);
  const [{ event_properties, ...more }, circumstances] = divide(rest, (key) => PAYLOAD.has(key));
  const payload = objectOf(event_properties);
  const transport = { session_id, ...(uploadedAt === undefined ? {} : { client_upload_time: uploadedAt }) };
  return nativeEvent({
    session: device !== undefined && session !== undefined ? `${device}:${session}` : device,
    visitor: firstText(rest.user_id, rest.device_id),
    category: "amplitude",
    name: textOf(event_type) ?? "",
    data: { ...payload, ...more },
    timestamp: time,
    id: textOf(insert_id),
    context: { ...circumstances, ...transport },
    unmapped: {
      ...{ event_type: unlessText(event_type), insert_id: unlessText(insert_id) },
      event_properties: unlessObject(event_properties),
      hidden_data: hiddenBy(more, payload),
      hidden_context: hiddenBy(transport, circumstances),
    },
  });
}
