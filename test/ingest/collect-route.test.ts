import { env } from "cloudflare:workers";
import { beforeAll, describe, expect, it } from "vitest";
import { createApp } from "../../src/api/app";
import { ruleSourceOf } from "../../src/http/rule-source";
import { handleCollector, isForCollector } from "../../src/ingest/collect-route";
import { seedLocalKeys } from "../http/auth/seed";

beforeAll(seedLocalKeys);

const HOST = "https://eye.example";

describe("isForCollector", () => {
  it.each(["/theeye/events", "/theeye/events/", "/theeye/events?key=a", "/theeye/events/?a=/b"])(
    "recognises %s",
    (path) => {
      expect(isForCollector(new Request(HOST + path, { method: "POST" }))).toBe(true);
    },
  );

  it.each([
    "/",
    "/theeye/eventsx",
    "/theeye/events/1",
    "/theeye",
    "/?/theeye/events",
    "/a/theeye/events",
    "//theeye/events",
  ])("leaves %s to the router", (path) => {
    expect(isForCollector(new Request(HOST + path, { method: "POST" }))).toBe(false);
  });

  it("leaves queries to the router", () => {
    expect(isForCollector(new Request(`${HOST}/theeye/events`))).toBe(false);
  });
});

describe("handleCollector", () => {
  it("answers like the router", async () => {
    const init = { method: "POST", body: "{}", headers: { Authorization: "Bearer eye_w_local" } };
    const direct = await handleCollector(new Request(`${HOST}/theeye/events`, init), env, ruleSourceOf);
    const routed = await createApp().request("/theeye/events", init, env);
    expect([direct.status, routed.status]).toEqual([202, 202]);
  });
});
