/**
 * Bins that grow by a constant factor, as in DDSketch: the middle of a bin differs from any number in it by at most
 * RELATIVE_ERROR. Counts of equal bins can be added.
 */

export const RELATIVE_ERROR = 0.01;

const GAMMA = (1 + RELATIVE_ERROR) / (1 - RELATIVE_ERROR);

/** Smaller numbers count as zero. */
const LEAST = 1e-9;

/** The bin of a number: `0`, or the number's sign followed by its exponent. */
export function binOf(number: number): string {
  const size = Math.abs(number);
  if (size < LEAST) return "0";
  return `${number < 0 ? "-" : "+"}${Math.ceil(Math.log(size) / Math.log(GAMMA))}`;
}

/** A number in the middle of a bin. */
export function middleOf(bin: string): number {
  if (bin === "0") return 0;
  const size = (2 * GAMMA ** Number(bin.slice(1))) / (GAMMA + 1);
  return bin.startsWith("-") ? -size : size;
}
