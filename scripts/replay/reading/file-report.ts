import { FORMATS } from "../formats/formats.ts";
import { guessOf } from "../formats/guess.ts";
import { excerptOf } from "./excerpt.ts";

/** Numbers of lines that a report keeps. More are counted, not listed. */
export const LISTED_LINES = 20;

/** What became of the lines of one file. */
export interface FileReport {
  name: string;
  /** What it was taken for, in words; empty until that is known. */
  format: string;
  lines: number;
  blank: number;
  /** Lines such as `#Fields:`. */
  directives: number;
  notUnderstood: number;
  /** Numbers of the first of them. */
  notUnderstoodLines: number[];
  /** The first of them. */
  firstUnknown: { number: number; text: string } | null;
  /** A last line that is still being written: 0 or 1. */
  unfinished: number;
  assets: number;
  bots: number;
  /** Lines that became events. */
  events: number;
  /** Of those, lines that are not UTF-8. */
  latin1: number;
  /** Of those, lines that name no address. */
  anonymous: number;
  /** Set if nothing was read beyond the first lines, since most of them are not understood. */
  refused: { understood: number; considered: number; guess: string } | null;
  /** Why it could not be read, or not to its end. */
  problem: string | null;
}

export function emptyReport(name: string): FileReport {
  return {
    name,
    format: "",
    lines: 0,
    blank: 0,
    directives: 0,
    notUnderstood: 0,
    notUnderstoodLines: [],
    firstUnknown: null,
    unfinished: 0,
    assets: 0,
    bots: 0,
    events: 0,
    latin1: 0,
    anonymous: 0,
    refused: null,
    problem: null,
  };
}

/** Whether more lines are a riddle than not: then the format is another one, and the rest may be wrong too. */
export function isMisunderstood(report: FileReport): boolean {
  return report.refused !== null || report.notUnderstood > report.events + report.assets + report.bots;
}

/** What to say of a file of which most is not understood. */
export function misunderstanding(report: FileReport): string {
  const { name, refused, firstUnknown } = report;
  const known = FORMATS.map((format) => format.name).join(", ");
  const what =
    refused === null
      ? `${name} was taken for ${report.format}, but ${report.notUnderstood} of its ${report.lines} lines are not that. The others were sent.`
      : `${name} is not understood: of its first ${refused.considered} lines, ${refused.understood} are requests in a known format. Nothing of it was sent.`;
  const excerpt =
    firstUnknown === null
      ? []
      : [`The first line that is not understood is line ${firstUnknown.number}:`, `  ${excerptOf(firstUnknown.text)}`];
  return [
    what,
    refused?.guess ?? guessOf([firstUnknown?.text ?? ""]),
    ...excerpt,
    `If it is one of these formats, name it with --format: ${known}.`,
  ].join("\n");
}
