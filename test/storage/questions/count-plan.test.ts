import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { bucketPlace } from "../../../src/model/time/calendar";
import { planCounts } from "../../../src/storage/questions/count-plan";

const SECOND = 1_000_000;
const at = (text: string) => Date.parse(`${text}Z`) * 1_000;
const seconds = (text: string) => at(text) / SECOND;

describe("planCounts", () => {
  it("uses days if they fit, hours inside and minutes at the boundaries", () => {
    const bounds = [at("2021-01-01T18:30"), at("2021-01-04T02:15")];
    expect(planCounts(bounds)).toEqual({
      counts: [
        { seconds: 86_400, spans: [[seconds("2021-01-02T00:00"), seconds("2021-01-03T00:00")]] },
        {
          seconds: 3_600,
          spans: [
            [seconds("2021-01-01T19:00"), seconds("2021-01-01T23:00")],
            [seconds("2021-01-04T00:00"), seconds("2021-01-04T01:00")],
          ],
        },
        {
          seconds: 60,
          spans: [
            [seconds("2021-01-01T18:30"), seconds("2021-01-01T18:59")],
            [seconds("2021-01-04T02:00"), seconds("2021-01-04T02:14")],
          ],
        },
      ],
      edges: [],
      rows: 2 + 7 + 45,
    });
  });

  it("leaves parts of minutes to the events", () => {
    const bounds = [at("2021-01-01T00:00:30"), at("2021-01-01T00:02") + 1];
    expect(planCounts(bounds)).toEqual({
      counts: [{ seconds: 60, spans: [[seconds("2021-01-01T00:01"), seconds("2021-01-01T00:01")]] }],
      edges: [
        { start: bounds[0], end: at("2021-01-01T00:01") },
        { start: at("2021-01-01T00:02"), end: bounds[1] },
      ],
      rows: 1,
    });
  });

  it("covers every time once, and each count is within one bucket", () => {
    const anyBounds = fc
      .uniqueArray(fc.integer({ min: 0, max: 40 * 86_400 }), { minLength: 2, maxLength: 8 })
      .map((all) => all.sort((a, b) => a - b).map((second) => second * SECOND));
    fc.assert(
      fc.property(anyBounds, (bounds) => {
        const { counts, edges, rows } = planCounts(bounds);
        const pieces = [
          ...edges,
          ...counts.flatMap(({ seconds: width, spans }) =>
            spans.flatMap(([first, last]) =>
              Array.from({ length: (last - first) / width + 1 }, (_, n) => ({
                start: (first + n * width) * SECOND,
                end: (first + (n + 1) * width) * SECOND,
              })),
            ),
          ),
        ].sort((a, b) => a.start - b.start);
        expect(pieces.length - edges.length).toBe(rows);
        expect(pieces[0]?.start).toBe(bounds[0]);
        expect(pieces.at(-1)?.end).toBe(bounds.at(-1));
        for (const [place, { start, end }] of pieces.entries()) {
          if (place > 0) expect(pieces[place - 1]?.end).toBe(start);
          expect(bucketPlace(bounds, start)).toBe(bucketPlace(bounds, end - 1));
        }
      }),
    );
  });
});
