import type { Micros } from "../../time/time";
import { ValueBins, type ValueCounts } from "../numbers/value-bins";

/** The times from each step of a funnel to the next, in whole milliseconds and in bounded memory. */
export class StepTimes {
  private readonly bins: ValueBins[];

  constructor(steps: number) {
    this.bins = Array.from({ length: steps - 1 }, () => new ValueBins(null));
  }

  /** The number of bins of all steps. */
  get size(): number {
    return this.bins.reduce((sum, { size }) => sum + size, 0);
  }

  /** @param moments the times of the completed steps */
  add(moments: readonly Micros[]): void {
    for (const [step, bins] of this.bins.entries()) {
      const [from, to] = [moments[step], moments[step + 1]];
      if (from !== undefined && to !== undefined) bins.add(Math.round((to - from) / 1_000));
    }
  }

  addAll(state: readonly ValueCounts[]): void {
    for (const [step, counts] of state.entries()) this.bins[step]?.addAll(counts);
  }

  /** Leaves at most this many bins for each step. */
  shrink(most: number): void {
    for (const bins of this.bins) bins.shrink(most);
  }

  /** [0] from the first step to the second. */
  get state(): ValueCounts[] {
    return this.bins.map(({ state }) => state);
  }
}
