import type { Micros } from "../../../src/model/time/time.ts";
import { derivedId } from "./derived-id.ts";
import { RecentCounts } from "./recent-counts.ts";

/** Minimum number of different lines remembered: 16 MB. */
export const REMEMBERED_LINES = 250_000;

const MICROS_PER_SECOND = 1_000_000;

/**
 * Assigns each line an id: a function of the source, the text, and the line's number among equal lines. A line contains a
 * time, so equal lines are from the same second and close together. That is why only the latest lines are remembered, and
 * why the lines of a cut file keep their ids: a cut elsewhere leaves the second whole. A cut within the second leaves fewer
 * equal lines, numbered from 1 again, with ids that the whole file has too. So no cut duplicates an event. Only equal lines
 * of one second in two files that are replayed by two commands count as the same.
 */
export class LineIds {
  readonly #source: string;
  /** How often each line has been seen, by the id of its first occurrence. */
  readonly #counts: RecentCounts;
  #latest: Micros = Number.NEGATIVE_INFINITY;
  #isFirstOfFile = true;

  constructor(source: string, remembered = REMEMBERED_LINES) {
    this.#source = source;
    this.#counts = new RecentCounts(remembered);
  }

  /** Begins a file. The numbers continue if the file continues the previous one; otherwise they start again. */
  beginFile(): void {
    this.#isFirstOfFile = true;
  }

  next(text: string, occurredAt: Micros): string {
    if (this.#isFirstOfFile) this.#openFile(occurredAt);
    if (occurredAt > this.#latest) this.#latest = occurredAt;
    const first = derivedId("event", this.#source, text, 1);
    const number = this.#counts.next(first.slice(0, 8) + first.slice(19, 23) + first.slice(24));
    return number === 1 ? first : derivedId("event", this.#source, text, number);
  }

  /**
   * A file that begins no earlier than the second in which the previous one ended is its continuation, so equal lines on
   * both sides of the rotation are different events. A file that begins earlier may contain the same lines again.
   */
  #openFile(begin: Micros): void {
    const second = Math.floor(this.#latest / MICROS_PER_SECOND) * MICROS_PER_SECOND;
    if (begin < second) {
      this.#counts.clear();
      this.#latest = Number.NEGATIVE_INFINITY;
    }
    this.#isFirstOfFile = false;
  }
}
