import { Refusal } from "../../http/problem";
import { parseBody } from "./decode";
import type { Dialect } from "./dialect";
import { messagesOf, type SessionOrder, specEvent } from "./spec-event";
import { firstText, objectOf } from "./values";

/** The event types by the last segment of the path. The browser SDK sends only the first letter. */
const TYPES: Readonly<Record<string, string>> = {
  ...{ track: "track", page: "page", screen: "screen", identify: "identify", group: "group", alias: "alias" },
  ...{ t: "track", p: "page", s: "screen", i: "identify", g: "group", a: "alias" },
};

const SESSION: SessionOrder = ["context", "anonymous", "user"];

/** Segment, and RudderStack, which sends the same requests to the same paths. Their SDKs read only the status. */
export const segment: Dialect = {
  name: "segment",
  paths: [...Object.keys(TYPES), "batch", "b", "m", "import"].map((step) => `/v1/${step}`).concat("/beacon/v1/batch"),

  read({ path, query, text }) {
    // Metrics of the browser SDK itself.
    if (path === "/v1/m") return { key: null, events: [], isAside: true };
    const body = parseBody(text);
    if (body instanceof Refusal) return body;
    const messages = messagesOf(body);
    const type = TYPES[path.split("/").at(-1) ?? ""];
    return {
      // The events may contain the key too; `specEvent` removes it.
      key: firstText(query.get("writeKey"), objectOf(body).writeKey, objectOf(messages[0]).writeKey) ?? null,
      events: messages.map((message) => specEvent(message, SESSION, type)),
    };
  },

  accept: () => Response.json({ success: true }),
  refuse: (_request, refusal) => refusal.response(),
};
