import { expect, it } from "vitest";
import { barChart } from "../../bench/shared/bar-chart.ts";

it("draws each part as wide as its value, and escapes names", () => {
  const svg = barChart({
    title: "Rows & <requests>",
    unit: "dollars",
    bars: [
      {
        name: "one",
        parts: [
          { name: "a", value: 1 },
          { name: "b", value: 3 },
        ],
      },
      { name: "two", parts: [{ name: "a", value: 2 }] },
    ],
  });
  const widths = [...svg.matchAll(/<rect x="[\d.]+" y="\d+" width="([\d.]+)"/g)].map(([, width]) => Number(width));
  // Widths have one decimal.
  expect(widths.slice(0, 3).map((width) => Number((width / (widths[0] ?? 1)).toFixed(2)))).toEqual([1, 3, 2]);
  expect(svg).toContain("Rows &amp; &lt;requests&gt;");
  expect(svg).not.toContain("<requests>");
});

it("cuts bars that are too long, and still shows their number", () => {
  const bars = [1, 40].map((value) => ({ name: `${value}`, parts: [{ name: "a", value }] }));
  const svg = barChart({ title: "t", unit: "u", bars, cutAt: 4 });
  const widths = [...svg.matchAll(/<rect x="[\d.]+" y="\d+" width="([\d.]+)"/g)].map(([, width]) => Number(width));
  expect((widths[1] ?? 0) / (widths[0] ?? 1)).toBeCloseTo(4);
  expect(svg).toContain(">… 40.00<");
  expect(svg).toContain(">1.00<");
});
