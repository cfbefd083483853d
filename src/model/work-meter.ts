/** Thrown where a payload takes more work than its meter allows. */
export class TooMuchWork extends Error {}

/**
 * Counts the work of validating a payload and stops it at a limit. It counts units, never time, so a payload has the same
 * outcome on every machine and on every delivery. For what a unit is, see rules/schema-limits.ts.
 */
export class WorkMeter {
  private left: number;

  /** @param limit in units */
  constructor(readonly limit: number) {
    this.left = limit;
  }

  /** Units charged so far, at most the limit. */
  get spent(): number {
    return this.limit - Math.max(0, this.left);
  }

  /** @throws TooMuchWork once the limit is passed */
  charge(units: number): void {
    this.left -= units;
    if (this.left < 0) throw new TooMuchWork();
  }
}
