import fc from "fast-check";
import { expect, test } from "vitest";
import { SESSION_GAP_MICROS, sessionIds } from "../../../scripts/replay/sessions.ts";

const hit = (address: string, occurredAt: number, userAgent: string | null = "agent") => ({
  address,
  occurredAt,
  userAgent,
});

test("half an hour of silence keeps a session, a microsecond more ends it", () => {
  const [first, second, third] = sessionIds([
    hit("a", 0),
    hit("a", SESSION_GAP_MICROS),
    hit("a", 2 * SESSION_GAP_MICROS + 1),
  ]);
  expect(second).toBe(first);
  expect(third).not.toBe(first);
});

test("address and user agent together are the visitor", () => {
  const ids = sessionIds([hit("a", 0), hit("b", 0), hit("a", 0, "other"), hit("a", 0, null), hit("a", 0)]);
  expect(new Set(ids).size).toBe(4);
  expect(ids[4]).toBe(ids[0]);
});

test("ids are UUIDs that depend on nothing but the hits", () => {
  const [id] = sessionIds([hit("a", 5)]);
  expect(id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  expect(sessionIds([hit("b", 1), hit("a", 5)])[1]).toBe(id);
});

test("the order of lines does not change which session a hit belongs to", () => {
  const hits = fc.array(
    fc.record({
      address: fc.constantFrom("a", "b"),
      occurredAt: fc.integer({ min: 0, max: 6 }).map((n) => n * (SESSION_GAP_MICROS / 2 + 1)),
      userAgent: fc.constant(null),
    }),
  );
  fc.assert(
    fc.property(hits, fc.infiniteStream(fc.nat()), (log, keys) => {
      const shuffled = log
        .map((entry) => ({ entry, key: keys.next().value }))
        .sort((a, b) => a.key - b.key)
        .map(({ entry }) => entry);
      const byHit = (entries: typeof log) => {
        const ids = sessionIds(entries);
        return new Map(entries.map((entry, i) => [`${entry.address} ${entry.occurredAt}`, ids[i]]));
      };
      expect(byHit(shuffled)).toEqual(new Map([...byHit(log)]));
    }),
  );
});
