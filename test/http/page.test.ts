import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { EventPlaceSchema, eventPlace, nextUrl, pageResponse, readCursor } from "../../src/http/page";
import { packId } from "../../src/storage/core/packed-id";
import { expectRefusal } from "./expect-refusal";

const URL_ASKED = "https://eye.example/theeye/events?key=eye_r_local&name=a%20b&cursor=old&limit=2";

const anyPlace = fc.record({
  occurredAt: fc.maxSafeNat(),
  receivedAfter: fc.maxSafeInteger(),
  session: fc.oneof(fc.uuid(), fc.string({ maxLength: 128 })).map(packId),
  tie: fc.maxSafeNat(),
});

describe("nextUrl", () => {
  it("is relative, keeps every parameter except the key, and replaces the cursor", () => {
    expect(nextUrl(URL_ASKED, { cursor: "new" })).toBe("?name=a+b&cursor=new&limit=2");
  });

  it("keeps the host and prefix of a proxy in front of the Worker", () => {
    const next = nextUrl("http://inner:8787/theeye/events?limit=2", { cursor: "new" });
    expect(new URL(next, "https://proxy.example/eye/theeye/events?limit=2").href).toBe(
      "https://proxy.example/eye/theeye/events?limit=2&cursor=new",
    );
  });
});

describe("a page's cursor", () => {
  it("continues where the page ended, whatever the limit of the next page", async () => {
    await fc.assert(
      fc.asyncProperty(anyPlace, async (key) => {
        const question = { limit: 2, name: "a b" };
        const response = pageResponse(URL_ASKED, { question, name: "events", place: eventPlace(key) }, { results: [] });
        const { next } = await response.json<{ next: string }>();
        const cursor = new URLSearchParams(next).get("cursor") ?? "";
        expect(readCursor({ ...question, limit: 50, cursor }, "events", EventPlaceSchema)).toEqual(key);
        expectRefusal(readCursor({ ...question, name: "c", cursor }, "events", EventPlaceSchema), "invalid_parameter");
        expectRefusal(readCursor({ ...question, cursor }, "sessions", EventPlaceSchema), "invalid_parameter");
      }),
    );
  });

  it("is absent on the last page", async () => {
    const response = pageResponse(URL_ASKED, { question: {}, name: "events", place: null }, { results: [] });
    expect(response.headers.has("Link")).toBe(false);
    expect(await response.json()).toEqual({ results: [], next: null });
  });
});
