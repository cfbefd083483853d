import { isPercentile, type Metric } from "../../model/questions/metric";
import { SHARES } from "../../model/questions/numbers/numbers-line";

/** The aggregate of a group, or of one bucket of a group. */
export interface Measure {
  /** Adds the contribution of an event: see `contributionOf`. */
  add(contribution: number): void;
  /** Adds several contributions that are known only in sum, or that are all the same number. */
  addMany(contribution: number, times: number): void;
  merge(other: this): void;
  /** Null if there is nothing to divide or to choose from. */
  result(): number | null;
  /** The number of contributions. */
  readonly size: number;
}

export function newMeasure({ kind }: Metric): Measure {
  if (kind === "sessions" || kind === "visitors") return new Distinct();
  if (isPercentile(kind)) return new Quantile(SHARES[kind]);
  return new Sum(kind);
}

/** The number of events, or the sum or mean of their numbers. */
class Sum implements Measure {
  private sum = 0;
  size = 0;

  constructor(private readonly kind: "events" | "sum" | "avg") {}

  add(contribution: number): void {
    this.addMany(contribution, 1);
  }

  /** @param contribution the sum of all */
  addMany(contribution: number, times: number): void {
    this.sum += contribution;
    this.size += times;
  }

  merge(other: this): void {
    this.sum += other.sum;
    this.size += other.size;
  }

  result(): number | null {
    if (this.kind !== "avg") return this.sum;
    return this.size === 0 ? null : this.sum / this.size;
  }
}

/** The number of distinct contributions. Contributions are numbers given to sessions or visitors. */
class Distinct implements Measure {
  private readonly seen = new Set<number>();

  get size(): number {
    return this.seen.size;
  }

  add(contribution: number): void {
    this.seen.add(contribution);
  }

  addMany(contribution: number): void {
    this.seen.add(contribution);
  }

  merge(other: this): void {
    for (const one of other.seen) this.seen.add(one);
  }

  result(): number {
    return this.seen.size;
  }
}

class Quantile implements Measure {
  private readonly times = new Map<number, number>();
  size = 0;

  constructor(private readonly share: number) {}

  add(contribution: number): void {
    this.addMany(contribution, 1);
  }

  /** @param contribution each of them */
  addMany(contribution: number, times: number): void {
    this.times.set(contribution, (this.times.get(contribution) ?? 0) + times);
    this.size += times;
  }

  merge(other: this): void {
    for (const [number, times] of other.times) this.addMany(number, times);
  }

  result(): number | null {
    // 0.9 * 10 can be 9.000000000000002, depending on the order of calculation. That must not change a rank.
    let left = Math.max(1, Math.ceil(this.share * this.size - 1e-9));
    for (const number of Float64Array.from(this.times.keys()).sort()) {
      left -= this.times.get(number) ?? 0;
      if (left <= 0) return number;
    }
    return null;
  }
}

/**
 * The contribution of an event to a metric: 1, a number for its session or visitor, or the number in its property.
 * Null if it contributes nothing.
 */
export function createContribution(metric: Metric) {
  const numbers = new Map<string, number>();
  const numberOf = (text: string) => {
    const known = numbers.get(text) ?? numbers.size;
    numbers.set(text, known);
    return known;
  };
  return (event: { session: string; visitor: string | null }, value: unknown): number | null => {
    switch (metric.kind) {
      case "events":
        return 1;
      case "sessions":
        return numberOf(event.session);
      case "visitors":
        return event.visitor === null ? null : numberOf(event.visitor);
      default:
        return typeof value === "number" && Number.isFinite(value) ? value : null;
    }
  };
}
