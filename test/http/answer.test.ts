import { expect, it } from "vitest";
import { answer } from "../../src/http/answer";

it("answers with JSON that no cache may keep", async () => {
  const response = answer({ results: [] });
  expect(response.status).toBe(200);
  expect(response.headers.get("Content-Type")).toBe("application/json");
  expect(response.headers.get("Cache-Control")).toBe("no-store");
  expect(await response.json()).toEqual({ results: [] });
});

it("takes another status and further headers", () => {
  const response = answer(null, 202, { Location: "/theeye/jobs/1" });
  expect(response.status).toBe(202);
  expect(Object.fromEntries(response.headers)).toMatchObject({
    location: "/theeye/jobs/1",
    "cache-control": "no-store",
  });
});
