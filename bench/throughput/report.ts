import type { Chart } from "../shared/bar-chart.ts";
import { describeMachine, type Machine } from "../shared/machine.ts";
import { markdownTable } from "../shared/markdown-table.ts";
import type { Measurement } from "./measurements.ts";
import type { TargetSummary, Verdict } from "./summary.ts";

export interface ThroughputResult {
  measurement: Measurement;
  targets: TargetSummary[];
  verdicts: Verdict[];
}

export interface Circumstances {
  machine: Machine;
  rounds: number;
  storage: string;
  /** Load averages over a minute, before and after, because other work on the machine distorts the speeds. */
  load: [before: number, after: number];
}

export function throughputReport(results: readonly ThroughputResult[], around: Circumstances): string {
  const tables = results.map(({ measurement, targets }) => {
    const head = [
      "",
      "requests/s",
      "events/s",
      "p50 ms",
      "p99 ms",
      "longest lag ms",
      "CPU ms / 1,000 events",
      "ratio to this",
    ];
    const eye = targets[0];
    const rows = targets.map(({ name, median, longestLagMs }) => [
      name,
      whole(median.requestsPerSecond),
      whole(median.eventsPerSecond),
      median.p50.toFixed(1),
      median.p99.toFixed(1),
      longestLagMs === null ? "" : whole(longestLagMs),
      median.cpuMsPer1000Events?.toFixed(1) ?? "",
      eye?.ratios.find(({ to }) => to === name)?.ratio.toFixed(2) ?? "",
    ]);
    return `## ${measurement.title}\n\n${markdownTable(head, rows)}`;
  });
  const goals = results.flatMap(({ verdicts }) =>
    verdicts.map(({ what, found, least }) => [what, round(found), round(least), found >= least ? "met" : "**missed**"]),
  );
  return `# Throughput

Medians of ${around.rounds} rounds, of ingest thrice as many, all targets in turn in one run; ratios are medians of the rounds'
own ratios. "Events/s" is to the answer for ingest, and from the first request until all events can be read for the pipeline.
Everything sent was accounted for. Made by \`npm run bench:throughput\` on ${describeMachine(around.machine)}; storage in ${around.storage}; load average
${around.load[0].toFixed(1)} before and ${around.load[1].toFixed(1)} after.

${tables.join("\n\n")}

## Goals

${markdownTable(["", "found", "at least", ""], goals)}
`;
}

/** The Eye's speed as a share of its baseline's. Speeds of different requests have no common scale. */
export function throughputChart(results: readonly ThroughputResult[]): Chart {
  return {
    title: "Speed beside the baselines",
    unit: "The Eye's events a second as a share of the bare send's (ingest), the native batch's (Segment) or the bare consumer's (pipeline)",
    bars: results.map(({ measurement, targets: [eye] }) => ({
      name: measurement.title,
      parts: [{ name: "ratio", value: eye?.ratios[0]?.ratio ?? 0 }],
    })),
  };
}

function whole(value: number): string {
  return Math.round(value).toLocaleString("en-GB");
}

function round(value: number): string {
  return value < 10 ? value.toFixed(2) : whole(value);
}
