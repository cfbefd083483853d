import type { WorkMeter } from "../../model/work-meter";

/**
 * The members or items of one value that a keyword has validated, for `unevaluatedProperties` and `unevaluatedItems`.
 * Only schemas with one of these keywords keep track.
 */
export class Evaluated {
  private all = false;
  /** Items before this one are validated. */
  private items = 0;
  private readonly names = new Set<string | number>();

  add(name: string | number): void {
    this.names.add(name);
  }

  addItemsBefore(index: number): void {
    this.items = Math.max(this.items, index);
  }

  addAll(): void {
    this.all = true;
  }

  has(name: string | number): boolean {
    return this.all || (typeof name === "number" && name < this.items) || this.names.has(name);
  }

  /** Adds what a matching subschema has validated of the same value. */
  merge(other: Evaluated, meter: WorkMeter): void {
    meter.charge(1 + 2 * other.names.size);
    if (other.all) this.all = true;
    this.addItemsBefore(other.items);
    for (const name of other.names) this.names.add(name);
  }
}
