/**
 * Bins of numbers that grow by a constant factor, so that the middle of a bin differs from any number in it by RELATIVE_ERROR at
 * most (as in DDSketch). Bins of different counts can be added up.
 */

export const RELATIVE_ERROR = 0.01;

const GAMMA = (1 + RELATIVE_ERROR) / (1 - RELATIVE_ERROR);

/** What is smaller counts as zero. */
const LEAST = 1e-9;

/** The bin of a number: `0`, or its exponent with its sign before it. */
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
