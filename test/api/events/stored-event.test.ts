import * as v from "valibot";
import { describe, expect, it } from "vitest";
import { renderEvent, StoredEventSchema } from "../../../src/api/events/stored-event";
import { OCCURRED_AT, RECEIVED_AT, SESSION } from "../../pipeline/sample-events";

const found = {
  key: { occurredAt: OCCURRED_AT, receivedAfter: RECEIVED_AT - OCCURRED_AT, session: SESSION, tie: 1 },
  ...{ session: SESSION, application: "shop", category: "page interaction", name: "pageview", id: "a" },
  ...{ occurredAt: OCCURRED_AT, receivedAt: RECEIVED_AT, data: "{}", visitor: null, context: null, extra: null },
};

const plain = {
  ...{ session_id: SESSION, application: "shop", category: "page interaction", name: "pageview", data: {}, id: "a" },
  timestamp: "2021-01-01T09:15:27.243860Z",
  received_at: "2021-01-01T09:15:28.243860Z",
};

describe("renderEvent", () => {
  it("leaves out members that were not sent", () => {
    expect(Object.entries(renderEvent(found)).toSorted()).toEqual(Object.entries(plain).toSorted());
  });

  it("returns the visitor, the context and all additional members as they were sent", () => {
    const extra = '{"received_at":"yesterday","__proto__":{"a":1}}';
    const rendered = renderEvent({ ...found, visitor: "v", context: '{"sdk":"web"}', extra });
    expect(rendered).toMatchObject({ ...plain, visitor_id: "v", context: { sdk: "web" } });
    expect(JSON.stringify(rendered.extra)).toBe(extra);
    expect(v.is(StoredEventSchema, rendered)).toBe(true);
  });
});
