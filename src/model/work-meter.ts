/** Thrown when a payload takes more work than its meter allows. */
export class TooMuchWork extends Error {}

/**
 * Counts the work of validating a payload and stops it at a limit. It counts units and not time, so a payload has the
 * same outcome on every machine and every delivery. rules/schema-limits.ts defines the unit.
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

  /** @throws TooMuchWork if the limit is exceeded */
  charge(units: number): void {
    this.left -= units;
    if (this.left < 0) throw new TooMuchWork();
  }
}
