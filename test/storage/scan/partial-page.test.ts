import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { compareEventKeys, type EventKey } from "../../../src/storage/scan/event-order";
import {
  cutByBytes,
  inDirection,
  mergePartialPages,
  type Page,
  type PartialPage,
} from "../../../src/storage/scan/partial-page";

const anyKey: fc.Arbitrary<EventKey> = fc.record({
  occurredAt: fc.integer({ min: 0, max: 5 }),
  receivedAfter: fc.integer({ min: -1, max: 1 }),
  session: fc.constantFrom("ta", "tb", "x00", "t\u{1F600}", "t\uFFFD"),
  tie: fc.integer({ min: 1, max: 3 }),
});

const order = fc.constantFrom("asc" as const, "desc" as const);

describe("mergePartialPages", () => {
  it("returns the first rows of what sorting everything gives", () => {
    fc.assert(
      fc.property(fc.array(fc.array(anyKey)), order, fc.integer({ min: 1, max: 9 }), (sources, direction, limit) => {
        const compare = inDirection(compareEventKeys, direction);
        const partialPages = sources.map((keys) => {
          const rows = keys.map((key) => ({ key })).sort((a, b) => compare(a.key, b.key));
          const read = rows.slice(0, limit + 1);
          return { rows: read, until: rows.length > limit ? (read.at(-1)?.key ?? null) : null };
        });
        const all = sources.flat().sort(compare);
        const page = mergePartialPages(partialPages, compare, limit);
        expect(page.rows.map(({ key }) => key)).toEqual(all.slice(0, limit));
        expect(page.next).toEqual(all.length > limit ? all[limit - 1] : null);
      }),
    );
  });

  it("holds back rows beyond the place that every source has reached", () => {
    const slow: PartialPage<{ key: number }, number> = { rows: [{ key: 1 }], until: 5 };
    const fast: PartialPage<{ key: number }, number> = { rows: [{ key: 2 }, { key: 5 }, { key: 6 }], until: null };
    const page = mergePartialPages([slow, fast], (a, b) => a - b, 10);
    expect(page).toEqual({ rows: [{ key: 1 }, { key: 2 }, { key: 5 }], next: 5 });
  });
});

describe("cutByBytes", () => {
  const page: Page<{ key: number }, number> = { rows: [{ key: 1 }, { key: 2 }, { key: 3 }], next: null };

  it("keeps a page that fits", () => {
    expect(cutByBytes(page, () => 10, 30)).toEqual(page);
  });

  it("ends a page before the row that exceeds the limit, but never before its first", () => {
    expect(cutByBytes(page, () => 10, 20)).toEqual({ rows: [{ key: 1 }, { key: 2 }], next: 2 });
    expect(cutByBytes(page, () => 10, 5)).toEqual({ rows: [{ key: 1 }], next: 1 });
  });
});
