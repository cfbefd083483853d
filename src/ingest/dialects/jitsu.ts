import { Refusal } from "../../http/problem";
import { parseBody } from "./decode";
import type { Dialect } from "./dialect";
import { messagesOf, type SessionOrder, specEvent } from "./spec-event";
import { textOf } from "./values";

/** Jitsu's Node SDK leaks the context of a call into later events, so `context.sessionId` comes last. */
const SESSION: SessionOrder = ["anonymous", "user", "context"];

const TYPES = ["track", "page", "identify", "group", "screen", "alias"];

/** Jitsu. Its SDK needs JSON in every response and never retries. */
export const jitsu: Dialect = {
  name: "jitsu",
  paths: TYPES.flatMap((type) => [`/api/s/${type}`, `/api/s/s2s/${type}`]).concat("/api/s/batch", "/api/s/s2s/batch"),

  read({ path, headers, text }) {
    const body = parseBody(text);
    if (body instanceof Refusal) return body;
    const type = path.split("/").at(-1);
    return {
      // The header is `anything:KEY`, since Jitsu's SDK refuses a key without a colon.
      key: textOf(headers.get("X-Write-Key")?.split(":").at(-1)?.trim()) ?? null,
      events: messagesOf(body).map((message) => specEvent(message, SESSION, type)),
    };
  },

  accept: (_request, { events }) => Response.json({ ok: true, receivedEvents: events.length, okEvents: events.length }),
  refuse: (_request, refusal) => refusal.response(),
};
