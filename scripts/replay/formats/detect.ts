import { DIRECTIVE, type LogFormat } from "./entry.ts";
import { FORMATS } from "./formats.ts";

export interface Detected {
  format: LogFormat;
  /** Of the sample, how many lines are requests that the format understands. */
  understood: number;
  /** How many could be: neither blank nor directives. */
  considered: number;
  /** Index in the sample of the first line that is not understood, or -1. */
  firstUnknown: number;
}

/** Finds the format that understands most lines of a sample. `only` asks how one format does. */
export function detectFormat(sample: readonly string[], only: LogFormat | null = null): Detected {
  const [first, ...others] = (only === null ? FORMATS : [only]).map((format) => tryFormat(format, sample));
  if (first === undefined) throw new Error("There is no format.");
  return others.reduce((best, next) => (next.understood > best.understood ? next : best), first);
}

/** At least half of the lines, so that a few of another kind do not hide what a file is. */
export function isUnderstood({ understood, considered }: { understood: number; considered: number }): boolean {
  return understood * 2 >= considered;
}

function tryFormat(format: LogFormat, sample: readonly string[]): Detected {
  const read = format.open();
  const detected: Detected = { format, understood: 0, considered: 0, firstUnknown: -1 };
  sample.forEach((line, index) => {
    if (line.trim() === "") return;
    const entry = read(line);
    if (entry === DIRECTIVE) return;
    detected.considered++;
    if (entry !== null) detected.understood++;
    else if (detected.firstUnknown === -1) detected.firstUnknown = index;
  });
  return detected;
}
