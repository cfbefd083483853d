import type { LineIds } from "../events/line-ids.ts";
import { type PageView, pageViewOf } from "../events/page-view.ts";
import { skipReason } from "../events/skip.ts";
import { Visits } from "../events/visitor.ts";
import { detectFormat, isUnderstood } from "../formats/detect.ts";
import { DIRECTIVE, type LogEntry, type LogFormat } from "../formats/entry.ts";
import { guessOf } from "../formats/guess.ts";
import { withoutCollectorPrefix } from "./collector-prefix.ts";
import { type FileReport, LISTED_LINES } from "./file-report.ts";
import { type Line, readLines } from "./lines.ts";
import type { Input } from "./open-input.ts";

/** Lines that are used to detect the format. */
const SAMPLE_LINES = 200;
const SAMPLE_CHARACTERS = 1_000_000;

/** Events passed on at a time: some 2 MB. */
export const CHUNK_EVENTS = 2_000;

/** With long lines, a chunk has fewer of them. */
const CHUNK_CHARACTERS = 4_000_000;

export interface ReadOptions {
  source: string;
  /** Null to detect it. */
  format: LogFormat | null;
  skip: { assets: boolean; bots: boolean };
}

/**
 * Reads a file of any size and yields its events, some thousand at a time, and counts each line in `report`. A file of which
 * most lines are not understood yields no events, unless the format was named.
 */
export async function* readLog(
  input: Input,
  options: ReadOptions,
  ids: LineIds,
  report: FileReport,
): AsyncGenerator<PageView[]> {
  const { sample, all } = await takeSample(readLines(input.bytes));
  const format = recognise(sample, input, options.format, report);
  if (format === null) return;
  const read = format.open();
  const visits = new Visits(options.source);
  let previous: LogEntry | null = null;
  let events: PageView[] = [];
  let characters = 0;
  ids.beginFile();
  for await (const lines of all) {
    for (const line of lines) {
      const entry = readEntry(line, read, report);
      if (entry === null || line.text === null) continue;
      if (!line.isEnded && isUnfinished(entry, previous)) {
        report.unfinished++;
        continue;
      }
      previous = entry;
      const skipped = skipReason(entry, options.skip);
      if (skipped === "asset") report.assets++;
      if (skipped === "bot") report.bots++;
      if (skipped !== null) continue;
      report.events++;
      if (line.isLatin1) report.latin1++;
      if (entry.client === null) report.anonymous++;
      const text = entry.day === undefined ? line.text : `${entry.day} ${line.text}`;
      const id = ids.next(text, entry.occurredAt);
      events.push(pageViewOf(entry, id, visits.of(entry, id), options.source));
      characters += line.text.length;
      if (events.length === CHUNK_EVENTS || characters > CHUNK_CHARACTERS) {
        yield events;
        events = [];
        characters = 0;
      }
    }
  }
  if (events.length > 0) yield events;
}

/** Reads the first lines, and returns them with an iterable that still yields them. */
async function takeSample(lists: AsyncGenerator<Line[]>): Promise<{ sample: Line[]; all: AsyncGenerator<Line[]> }> {
  const sample: Line[] = [];
  let characters = 0;
  while (sample.length < SAMPLE_LINES && characters < SAMPLE_CHARACTERS) {
    const next = await lists.next();
    if (next.done === true) break;
    for (const line of next.value) {
      sample.push(line);
      characters += line.text?.length ?? 0;
    }
  }
  async function* all() {
    yield sample;
    yield* lists;
  }
  return { sample: sample.slice(0, SAMPLE_LINES), all: all() };
}

/** A text that is in no format. */
const UNREADABLE = "?";

/**
 * The text that a server wrote. A line with carriage returns inside is several lines of a file whose lines end so; the first
 * would be read, and the others lost.
 */
function bareLine(text: string): string {
  return text.includes("\r") ? UNREADABLE : withoutCollectorPrefix(text);
}

/** Null if most lines of the sample are in no known format; this is then recorded in `report`. */
function recognise(sample: Line[], input: Input, named: LogFormat | null, report: FileReport): LogFormat | null {
  const texts = sample.map(({ text }) => text ?? "");
  const bare = texts.map(bareLine);
  const detected = detectFormat(bare, named);
  const { format, understood, considered } = detected;
  const variant = understood > 0 ? format.describe?.(bare) : undefined;
  report.format = `${variant ?? format.title}${input.isCompressed ? ", compressed with gzip" : ""}`;
  if (named !== null || isUnderstood(detected)) return format;
  report.refused = { understood, considered, guess: guessOf(texts) };
  const first = sample[detected.firstUnknown];
  report.firstUnknown = first === undefined ? null : { number: first.number, text: first.text ?? "" };
  return null;
}

/** The request of a line, or null for a line that is counted differently. */
function readEntry(line: Line, read: ReturnType<LogFormat["open"]>, report: FileReport): LogEntry | null {
  report.lines++;
  if (line.text?.trim() === "") {
    report.blank++;
    return null;
  }
  const entry = line.text === null ? null : read(bareLine(line.text));
  if (entry === DIRECTIVE) {
    report.directives++;
    return null;
  }
  if (entry === null) {
    report.notUnderstood++;
    if (report.notUnderstoodLines.length < LISTED_LINES) report.notUnderstoodLines.push(line.number);
    report.firstUnknown ??= { number: line.number, text: line.text ?? "(a line of more than 256 KB)" };
  }
  return entry;
}

/**
 * Whether the line is a last line without a line end that is cut within a field or shorter than its neighbour: the server
 * has not written all of it yet.
 */
function isUnfinished(entry: LogEntry, previous: LogEntry | null): boolean {
  return entry.isCut || (previous !== null && entry.fields < previous.fields);
}
