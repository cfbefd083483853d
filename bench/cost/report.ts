import { PRICES, PRICES_READ, type PriceName } from "../prices.ts";
import type { Chart } from "../shared/bar-chart.ts";
import { describeMachine, type Machine } from "../shared/machine.ts";
import { markdownTable } from "../shared/markdown-table.ts";
import { type Bar, holds, monthDollars } from "./bars.ts";
import { type BillLine, type Month, totalOf } from "./bill.ts";
import { HOT_DAYS, type StoredLine } from "./compaction-bill.ts";
import { EVENTS_PER_MONTH, EVENTS_PER_SECOND, type Scenario } from "./scenarios.ts";
import type { Compaction, Probe, Run } from "./tally.ts";

/** All results of one scenario. */
export interface CostResult {
  scenario: Scenario;
  run: Run;
  probe: Probe;
  lines: BillLine[];
  /** The operations that moved the run's events to the archive, and what they add to the bill. */
  moved: Compaction;
  compaction: BillLine[];
  storage: StoredLine[];
  month: Month;
  bars: Bar[];
}

export function costReport(results: readonly CostResult[], machine: Machine): string {
  const titles = results.map(({ scenario }) => scenario.title);
  const table = (linesOf: (result: CostResult) => readonly BillLine[]) => {
    const [first] = results;
    const rows = (first === undefined ? [] : linesOf(first)).map(({ what, price }, index) => [
      `${what} (${PRICES[price].product})`,
      ...results.map((result) => {
        const line = linesOf(result)[index];
        return line === undefined
          ? ""
          : `${count(line.unitsPerMillionEvents)} · ${dollars(line.dollarsPerMillionEvents)}`;
      }),
    ]);
    const sums = results.map((result) => `**${dollars(totalOf(linesOf(result)))}**`);
    return markdownTable(["", ...titles], [...rows, ["**in all**", ...sums]]);
  };
  const months = (results[0]?.month.lines ?? []).map(({ price }, index) => [
    PRICES[price].product,
    ...results.map(({ month }) => {
      const line = month.lines[index];
      return line === undefined ? "" : `${dollars(line.dollarsAtListPrice)} · ${dollars(line.dollars)}`;
    }),
  ]);
  return `# Cost

Counted, not timed: the same on every machine. Prices of ${PRICES_READ}, in US dollars.
Made by \`npm run bench:cost\` on ${describeMachine(machine)}.

## For a million events: billed units · dollars at list price

${table(({ lines }) => lines)}

## Moving a million events to the archive

${table(({ compaction }) => compaction)}

A run's events fill one small file. In production, an hour of 360,000 events fills one, so the cost of a file is overstated here.

## A month at ${EVENTS_PER_SECOND} events a second (${(EVENTS_PER_MONTH / 1e6).toFixed(1)} million): at list price · with the plan's allowances

${markdownTable(
  ["", ...titles],
  [
    ...months,
    ["Workers Paid plan", ...results.map(() => `– · ${dollars(5)}`)],
    [
      "**in all**",
      ...results.map(({ month }) => `**${dollars(month.dollarsAtListPrice)}** · **${dollars(month.dollars)}**`),
    ],
  ],
)}

## The same with a year of stored events, ${HOT_DAYS} days of them in D1, at list price

${markdownTable(
  ["", ...titles],
  [
    ...(results[0]?.storage ?? []).map(({ what }, index) => [
      what,
      ...results.map(({ storage }) => {
        const line = storage[index];
        return line === undefined ? "" : `${line.gigabytes.toFixed(1)} GB · ${dollars(line.dollars)}`;
      }),
    ]),
    [
      "**a month in all**",
      ...results.map(
        ({ lines, compaction, storage }) => `**${dollars(monthDollars([...lines, ...compaction], storage))}**`,
      ),
    ],
  ],
)}

Not counted here, because they are times: CPU time, and the duration of session objects. See bench/README.md.

## Bars

${markdownTable(
  ["", "found", "at most", ""],
  results.flatMap(({ scenario, bars }) =>
    bars.map((bar) => [
      `${scenario.name}: ${bar.what}`,
      number(bar.found),
      number(bar.most),
      holds(bar) ? "holds" : "**fails**",
    ]),
  ),
)}
`;
}

/** Dollars per million events, by product. */
export function costChart(results: readonly CostResult[]): Chart {
  return {
    title: "What a million events cost",
    unit: `US dollars at list price, ${PRICES_READ}`,
    bars: results.map(({ scenario, lines }) => ({
      name: scenario.title,
      parts: [...Map.groupBy(lines, ({ price }): PriceName => price)].map(([price, own]) => ({
        name: PRICES[price].product,
        value: totalOf(own),
      })),
    })),
  };
}

function count(units: number): string {
  return Math.round(units).toLocaleString("en-GB");
}

function dollars(amount: number): string {
  return `$${amount.toFixed(amount < 10 ? 3 : 0)}`;
}

function number(value: number): string {
  return Number.isInteger(value) ? String(value) : value.toFixed(4);
}
