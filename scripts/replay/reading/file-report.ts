import { FORMATS } from "../formats/formats.ts";
import { guessOf } from "../formats/guess.ts";
import { excerptOf } from "./excerpt.ts";

/** Line numbers that a report lists. Further lines are only counted. */
export const LISTED_LINES = 20;

/** The outcome of the lines of one file. */
export interface FileReport {
  name: string;
  /** The description of the detected format; empty until it is known. */
  format: string;
  lines: number;
  blank: number;
  /** Lines such as `#Fields:`. */
  directives: number;
  notUnderstood: number;
  /** The first line numbers of these. */
  notUnderstoodLines: number[];
  /** The first of these. */
  firstUnknown: { number: number; text: string } | null;
  /** A last line that is still being written: 0 or 1. */
  unfinished: number;
  assets: number;
  bots: number;
  /** Lines that became events. */
  events: number;
  /** Of these, lines that are not UTF-8. */
  latin1: number;
  /** Of these, lines without an address. */
  anonymous: number;
  /** Set if only the first lines were read, because most of them are not understood. */
  refused: { understood: number; considered: number; guess: string } | null;
  /** Why the file could not be read, or not to its end. */
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

/** Whether most lines are not understood. Then the file has another format, and the other lines may be wrong too. */
export function isMisunderstood(report: FileReport): boolean {
  return report.refused !== null || report.notUnderstood > report.events + report.assets + report.bots;
}

/** The message for a file of which most lines are not understood. */
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
