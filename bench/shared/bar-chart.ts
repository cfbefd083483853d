/** Several bars, each divided into parts. Parts with the same name have the same colour in every bar. */
export interface Chart {
  title: string;
  /** The unit of the values: "dollars per million events". */
  unit: string;
  bars: { name: string; parts: { name: string; value: number }[] }[];
  /**
   * Longer bars are cut to this length, with their number after them: otherwise a few would make the others too short to
   * see.
   */
  cutAt?: number;
}

const WIDTH = 960;
/** Average width of a character in the fonts of browsers. */
const CHARACTER_WIDTH = 7;
const BAR_HEIGHT = 26;
const ROW_HEIGHT = 44;
/** Okabe and Ito's palette, whose colours colour-blind readers can distinguish. */
const COLOURS = ["#0072B2", "#E69F00", "#009E73", "#CC79A7", "#56B4E9", "#D55E00", "#F0E442", "#999999"];

/** A stacked bar chart as SVG text: no script, no fonts to fetch, readable on light and dark backgrounds. */
export function barChart({ title, unit, bars, cutAt = Number.POSITIVE_INFINITY }: Chart): string {
  const start = 30 + CHARACTER_WIDTH * Math.max(...bars.map(({ name }) => name.length));
  const names = [...new Set(bars.flatMap(({ parts }) => parts.map(({ name }) => name)))];
  const totals = bars.map(({ parts }) => parts.reduce((sum, { value }) => sum + value, 0));
  const longest = Math.min(cutAt, Math.max(...totals, Number.MIN_VALUE));
  const scale = (WIDTH - start - 90) / longest;
  const rows = bars.map(({ name, parts }, row) => {
    const top = 64 + row * ROW_HEIGHT;
    let left = start;
    const total = totals[row] ?? 0;
    const pieces = parts.map((part) => {
      const width = part.value * scale * Math.min(1, cutAt / total);
      const colour = COLOURS[names.indexOf(part.name) % COLOURS.length];
      const tip = `<title>${escapeXml(part.name)}: ${format(part.value)}</title>`;
      const piece = `<rect x="${round(left)}" y="${top}" width="${round(width)}" height="${BAR_HEIGHT}" fill="${colour}">${tip}</rect>`;
      left += width;
      return piece;
    });
    const label = `<text x="${start - 10}" y="${top + 18}" text-anchor="end">${escapeXml(name)}</text>`;
    const number = `<text x="${round(left + 8)}" y="${top + 18}">${total > cutAt ? "… " : ""}${format(total)}</text>`;
    return [label, ...pieces, number].join("\n");
  });
  const legendTop = 64 + bars.length * ROW_HEIGHT + 16;
  const isDivided = names.length > 1;
  const legend = (isDivided ? names : []).map((name, index) => {
    const [x, y] = [20 + (index % 3) * 310, legendTop + Math.floor(index / 3) * 24];
    const colour = COLOURS[index % COLOURS.length];
    return `<rect x="${x}" y="${y}" width="14" height="14" fill="${colour}"/><text x="${x + 22}" y="${y + 12}">${escapeXml(name)}</text>`;
  });
  const height = legendTop + (isDivided ? Math.ceil(names.length / 3) * 24 : 0) + 12;
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" font-family="system-ui, sans-serif" font-size="13" role="img">
<title>${escapeXml(title)}</title>
<rect width="${WIDTH}" height="${height}" fill="#fff"/>
<text x="20" y="28" font-size="17" font-weight="600">${escapeXml(title)}</text>
<text x="20" y="48" fill="#555">${escapeXml(unit)}</text>
${[...rows, ...legend].join("\n")}
</svg>
`;
}

function format(value: number): string {
  return value >= 100 ? Math.round(value).toLocaleString("en-GB") : value.toFixed(2);
}

function round(value: number): string {
  return value.toFixed(1);
}

function escapeXml(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
}
