import fc from "fast-check";
import { expect, test } from "vitest";
import { Visits } from "../../../../scripts/replay/events/visitor.ts";

const DAY = 86_400_000_000;
const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

const hit = (client: string | null, occurredAt: number, userAgent: string | null = "agent") => ({
  client,
  occurredAt,
  userAgent,
});

test("a session is what a visitor does on one UTC day", () => {
  const visits = new Visits("a");
  const first = visits.of(hit("1.2.3.4", 0), "x").sessionId;
  expect(first).toMatch(UUID);
  expect(visits.of(hit("1.2.3.4", DAY - 1), "y").sessionId).toBe(first);
  expect(visits.of(hit("1.2.3.4", DAY), "z").sessionId).not.toBe(first);
});

test("address and user agent together are the visitor", () => {
  const visits = new Visits("a");
  const hits = [hit("a", 0), hit("b", 0), hit("a", 0, "other"), hit("a", 0, null), hit("a", 0, "null"), hit("a", 0)];
  const seen = hits.map((each) => visits.of(each, "x"));
  expect(new Set(seen.map(({ sessionId }) => sessionId)).size).toBe(5);
  expect(new Set(seen.map(({ visitorId }) => visitorId)).size).toBe(5);
  expect(seen[5]).toEqual(seen[0]);
});

test("a visitor is the same at every source, and a session is not", () => {
  const [a, b] = ["a", "b"].map((source) => new Visits(source).of(hit("1.2.3.4", 0), "x"));
  expect(a?.visitorId).toBe(b?.visitorId);
  expect(a?.sessionId).not.toBe(b?.sessionId);
});

test("without an address each line is a session of its own, without a visitor", () => {
  const visits = new Visits("a");
  const [x, y] = ["x", "y"].map((id) => visits.of(hit(null, 0), id));
  expect(x?.visitorId).toBeNull();
  expect(x?.sessionId).not.toBe(y?.sessionId);
});

test("ids depend only on the line, not on earlier lines", () => {
  const hits = fc.array(
    fc.tuple(fc.constantFrom("a", "b"), fc.integer({ min: 0, max: 3 }), fc.constantFrom("x", null)),
  );
  fc.assert(
    fc.property(hits, (list) => {
      const visits = new Visits("s");
      for (const [client, day, agent] of list) {
        const one = hit(client, day * DAY, agent);
        expect(visits.of(one, "x")).toEqual(new Visits("s").of(one, "x"));
      }
    }),
  );
});
