import { DIRECTIVE, type LogFormat } from "./entry.ts";
import { FORMATS } from "./formats.ts";

export interface Detected {
  format: LogFormat;
  /** Lines of the sample that are requests in this format. */
  understood: number;
  /** Lines of the sample that are neither blank nor directives. */
  considered: number;
  /** Index in the sample of the first line that is not understood, or -1. */
  firstUnknown: number;
}

/** Finds the format that understands the most lines of a sample. `only` checks a single format. */
export function detectFormat(sample: readonly string[], only: LogFormat | null = null): Detected {
  const [first, ...others] = (only === null ? FORMATS : [only]).map((format) => tryFormat(format, sample));
  if (first === undefined) throw new Error("There is no format.");
  return others.reduce((best, next) => (next.understood > best.understood ? next : best), first);
}

/** At least half of the lines, so that a few lines of another kind do not prevent detection. */
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
