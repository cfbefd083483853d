import { parseArgs } from "node:util";
import { MAX_EVENTS_PER_REQUEST } from "../../src/model/limits.ts";
import { LOCAL_KEYS } from "../start/local-keys.ts";
import { DEFAULT_PORT } from "../start/options.ts";
import type { LogFormat } from "./formats/entry.ts";
import { FORMATS, formatNamed } from "./formats/formats.ts";

export const DEFAULT_SOURCE = "default";

/** Characters that are safe in shells and URLs, and readable. */
const SOURCE = /^[A-Za-z0-9][A-Za-z0-9._:@/-]{0,63}$/;

export const USAGE = `npm run replay -- FILE… [options]

Sends each line of web server access logs as a page view, waits until all are stored, and accounts for every line.
FILE is a file, plain or gzip, or - for standard input. Several files: oldest first.

  --format NAME      ${FORMATS.map(({ name }) => name).join(", ")}; recognised by itself
  --source NAME      the server that wrote the log    ${DEFAULT_SOURCE}
                     Equal lines of one source are one event when they are replayed again. Give each server a name of
                     its own, or equal lines of two servers become one event.
  --skip-assets skips stylesheets, scripts, images and fonts
  --skip-bots        leaves out crawlers and programs, by their user agents
  --dry-run          reads and counts, and sends nothing

  --url URL          where The Eye is                 http://localhost:${DEFAULT_PORT}
  --key KEY          a key of scope write             ${LOCAL_KEYS.write}
  --read-key KEY     a key of scope read              ${LOCAL_KEYS.read}
  --batch N          events in a request, 1 to ${MAX_EVENTS_PER_REQUEST}    ${MAX_EVENTS_PER_REQUEST}
  --concurrency N    requests at once, 1 to 64        4
  --timeout SECONDS  ends when nothing more is stored for so long, 1 to 86400  120

A session is what one visitor (address and user agent) does on one day (UTC) at one source, so lines that come later never
move lines that are stored. Replaying the same, grown, rotated or cut files again stores nothing twice.

Ends with 0 if every line is accounted for, 1 if not or if the service cannot be used, 2 if the command is wrong or a file
cannot be read, 3 if a file is not understood. More: docs/replay-logs.md`;

export interface ReplayOptions {
  files: string[];
  /** Null to detect it. */
  format: LogFormat | null;
  source: string;
  skip: { assets: boolean; bots: boolean };
  isDryRun: boolean;
  url: string;
  key: string;
  readKey: string;
  batch: number;
  concurrency: number;
  timeoutMs: number;
}

const text = { type: "string" } as const;
const flag = { type: "boolean" } as const;

/** @returns the options, or a sentence that says what is wrong with them. */
export function parseReplayOptions(args: readonly string[]): ReplayOptions | string {
  let parsed: ReturnType<typeof parse>;
  try {
    parsed = parse(args);
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
  const { values, positionals: files } = parsed;
  if (files.length === 0) return "Name a file to replay, or - for standard input.";
  if (files.filter((file) => file === "-").length > 1) return "Standard input (-) can be read once.";
  const format = values.format === undefined ? null : formatNamed(values.format);
  if (values.format !== undefined && format === null) {
    return `--format takes one of ${FORMATS.map(({ name }) => name).join(", ")}; found ${values.format}.`;
  }
  const source = values.source ?? DEFAULT_SOURCE;
  if (!SOURCE.test(source)) {
    return "--source takes 1 to 64 letters, digits and . _ : @ / -, such as web-1, with a letter or digit first.";
  }
  const url = values.url ?? `http://localhost:${DEFAULT_PORT}`;
  if (!/^https?:\/\//.test(url) || !URL.canParse(url)) return "--url takes an address such as http://localhost:8787.";
  const batch = wholeNumber(values.batch, MAX_EVENTS_PER_REQUEST, MAX_EVENTS_PER_REQUEST);
  if (batch === null) return `--batch takes a whole number from 1 to ${MAX_EVENTS_PER_REQUEST}.`;
  const concurrency = wholeNumber(values.concurrency, 4, 64);
  if (concurrency === null) return "--concurrency takes a whole number from 1 to 64.";
  const seconds = wholeNumber(values.timeout, 120, 86_400);
  if (seconds === null) return "--timeout takes a whole number of seconds from 1 to 86400.";
  return {
    files,
    format,
    source,
    skip: { assets: values["skip-assets"] ?? false, bots: values["skip-bots"] ?? false },
    isDryRun: values["dry-run"] ?? false,
    url: url.replace(/\/+$/, ""),
    key: values.key ?? LOCAL_KEYS.write,
    readKey: values["read-key"] ?? LOCAL_KEYS.read,
    batch,
    concurrency,
    timeoutMs: seconds * 1000,
  };
}

function parse(args: readonly string[]) {
  return parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      format: text,
      source: text,
      "skip-assets": flag,
      "skip-bots": flag,
      "dry-run": flag,
      url: text,
      key: text,
      "read-key": text,
      batch: text,
      concurrency: text,
      timeout: text,
    },
  });
}

function wholeNumber(value: string | undefined, otherwise: number, max: number): number | null {
  if (value === undefined) return otherwise;
  const number = Number(value);
  return /^\d+$/.test(value) && number >= 1 && number <= max ? number : null;
}
