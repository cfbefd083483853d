import type { Measurement } from "./measurements.ts";
import { median, type Round } from "./measures.ts";

/** The rounds of one target in one measurement, and their medians. */
export interface TargetSummary {
  name: string;
  rounds: Round[];
  median: {
    requestsPerSecond: number;
    eventsPerSecond: number;
    p50: number;
    p99: number;
    cpuMsPer1000Events: number | null;
  };
  /** The longest of all rounds. */
  longestLagMs: number | null;
  /** The median, over the rounds, of the ratio of this target's speed to that of each other target in the same round. */
  ratios: { to: string; ratio: number }[];
}

export interface Verdict {
  what: string;
  found: number;
  least: number;
}

/** Events a second: until the answer if ingest is measured, until they are readable if the pipeline is. */
export function speedOf(round: Round, eventsPerRequest: number): number {
  return round.readable?.eventsPerSecond ?? round.requestsPerSecond * eventsPerRequest;
}

/** @param rounds of each target, in the same order: rounds at the same index ran in sequence */
export function summarise({ shape }: Measurement, rounds: Map<string, Round[]>): TargetSummary[] {
  const speeds = new Map(
    [...rounds].map(([name, own]) => [name, own.map((one) => speedOf(one, shape.eventsPerRequest))]),
  );
  return [...rounds].map(([name, own]) => {
    const cpu = own.flatMap(({ cpuMsPer1000Events }) => cpuMsPer1000Events ?? []);
    const lags = own.flatMap(({ readable }) => readable?.longestLagMs ?? []);
    const speed = speeds.get(name) ?? [];
    const others = [...speeds].filter(([other]) => other !== name);
    return {
      name,
      rounds: own,
      median: {
        requestsPerSecond: median(own.map(({ requestsPerSecond }) => requestsPerSecond)),
        eventsPerSecond: median(speed),
        p50: median(own.map(({ p50 }) => p50)),
        p99: median(own.map(({ p99 }) => p99)),
        cpuMsPer1000Events: cpu.length === 0 ? null : median(cpu),
      },
      longestLagMs: lags.length === 0 ? null : Math.max(...lags),
      ratios: others.map(([to, theirs]) => ({
        to,
        ratio: median(speed.map((one, place) => one / (theirs[place] ?? 1))),
      })),
    };
  });
}

/** Whether The Eye, the first target, meets the goals of a measurement; its baseline is the second target. */
export function verdictsOf({ title, goal }: Measurement, [eye, baseline]: readonly TargetSummary[]): Verdict[] {
  if (eye === undefined || baseline === undefined) return [];
  const ratio = eye.ratios.find(({ to }) => to === baseline.name)?.ratio ?? 0;
  const verdicts: Verdict[] = [];
  if (goal.leastRatio !== null)
    verdicts.push({ what: `${title}: ratio to the ${baseline.name}`, found: ratio, least: goal.leastRatio });
  if (goal.leastEventsPerSecond !== null) {
    verdicts.push({
      what: `${title}: events a second`,
      found: eye.median.eventsPerSecond,
      least: goal.leastEventsPerSecond,
    });
  }
  return verdicts;
}
