import { countInterval, estimateCount, type Interval } from "../numbers/estimate";
import { type Accuracy, accuracyOf, countOf } from "../numbers/sampling";
import type { Retained } from "./retention";

/** The counts of the visitors so far: the size of each cohort, and how many returned in each period. */
export interface RetentionState {
  cohorts: { size: number; returned: number[] }[];
}

/** Counts returning visitors. States of different visitors can be added. */
export class RetentionTally {
  private readonly cohorts: RetentionState["cohorts"];

  /** @param columns periods that are counted for each cohort; a late cohort has fewer before the range ends */
  constructor(cohorts: number, columns: number) {
    this.cohorts = Array.from({ length: cohorts }, (_, cohort) => ({
      size: 0,
      returned: Array.from({ length: Math.min(columns, cohorts - cohort) }, () => 0),
    }));
  }

  add({ cohort, returned }: Retained): void {
    const own = this.cohorts[cohort];
    if (own === undefined) return;
    own.size += 1;
    for (const period of returned) {
      if (period < own.returned.length) own.returned[period] = (own.returned[period] ?? 0) + 1;
    }
  }

  addAll({ cohorts }: RetentionState): void {
    for (const [cohort, { size, returned }] of cohorts.entries()) {
      const own = this.cohorts[cohort];
      if (own === undefined) continue;
      own.size += size;
      for (const [period, count] of returned.entries()) own.returned[period] = (own.returned[period] ?? 0) + count;
    }
  }

  get state(): RetentionState {
    return { cohorts: this.cohorts };
  }
}

export interface RetentionAnswer {
  cohorts: { start: string; size: number; size_interval_95?: Interval; returned: number[]; interval_95?: Interval[] }[];
  accuracy: Accuracy;
}

/** @param starts the name of each cohort's period */
export function retentionAnswer(
  { cohorts }: RetentionState,
  starts: readonly string[],
  share: number,
): RetentionAnswer {
  return {
    cohorts: cohorts.map(({ size, returned }, cohort) => {
      const { count, interval_95: interval } = countOf(size, share);
      return {
        start: starts[cohort] ?? "",
        size: count,
        ...(interval === undefined ? {} : { size_interval_95: interval }),
        returned: returned.map((found) => (share >= 1 ? found : estimateCount(found, share))),
        ...(share >= 1 ? {} : { interval_95: returned.map((found) => countInterval(found, share)) }),
      };
    }),
    accuracy: accuracyOf({ share, isFolded: false }),
  };
}
