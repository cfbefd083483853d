import fc from "fast-check";
import { expect, it } from "vitest";
import { linkTo, withLinksFrom, withRelativeLinks } from "../../src/http/links";
import { problem } from "../../src/http/problem";

const PATHS = ["/", "/health", "/eye", "/theeye/events", "/theeye/errors/replay", "/theeye/event-types/a/b/versions"];

it("leads to the same path of the service from everywhere, whatever stands before it", () => {
  const prefix = fc.constantFrom("", "/eye", "/a/b/c");
  const asked = fc.constantFrom(...PATHS);
  const query = fc.constantFrom("", "?limit=1&path=/a/b/");
  const slash = fc.constantFrom("", "/");
  fc.assert(
    fc.property(prefix, asked, query, slash, fc.constantFrom(...PATHS), (before, path, search, end, target) => {
      const url = `https://proxy.example${before}${path}${path === "/" ? "" : end}${search}`;
      // What the service sees may have another host, and none of the prefix.
      const seen = `http://127.0.0.1:8787${path}${path === "/" ? "" : end}${search}`;
      expect(new URL(linkTo({ url: seen, path }, target), url).pathname).toBe(before + target);
      expect(new URL(linkTo({ url, path }, target), url).pathname).toBe(before + target);
    }),
  );
});

it("changes Location and the type of a problem, and nothing else", async () => {
  const asked = { url: "https://a.example/theeye/errors/replay", path: "/theeye/errors/replay" };
  const created = Response.json({ type: "/theeye" }, { status: 202, headers: { Location: "/theeye/replays/1" } });
  const placed = await withRelativeLinks(created, asked);
  expect(placed.headers.get("Location")).toBe("../../theeye/replays/1");
  expect(await placed.json()).toEqual({ type: "/theeye" });
  const refused = await withRelativeLinks(problem("rate_limited", "no", { limit: 5 }), asked);
  expect(await refused.json()).toMatchObject({ type: "../../problems/rate_limited", status: 429, limit: 5 });
  expect([refused.status, refused.headers.has("Retry-After")]).toEqual([429, true]);
});

it("moves the links of another operation's answer", async () => {
  const asked = { url: "https://a.example/theeye/questions/q/run", path: "/theeye/questions/q/run" };
  const from = new URL("https://a.example/theeye/funnels");
  const begun = Response.json(
    { job: "1", url: "../theeye/jobs/1" },
    { status: 202, headers: { Location: "../theeye/jobs/1" } },
  );
  const moved = await withLinksFrom(begun, from, asked);
  const link = "../../../theeye/jobs/1";
  expect([moved.headers.get("Location"), await moved.json()]).toEqual([link, { job: "1", url: link }]);
  const result = Response.json({ url: "untouched" });
  expect(await withLinksFrom(result, from, asked)).toBe(result);
});
