import { parseArgs } from "node:util";
import { MAX_EVENTS_PER_REQUEST } from "../../src/model/limits.ts";
import { LOCAL_KEYS } from "../start/local-keys.ts";
import { DEFAULT_PORT } from "../start/options.ts";

export const USAGE = `npm run replay -- FILE [options]

Sends each line of an access log (common or combined format) as a page view, waits until all are stored, and accounts
for every line.

  --url URL          where The Eye is              http://localhost:${DEFAULT_PORT}
  --key KEY          a key of scope write          ${LOCAL_KEYS.write}
  --read-key KEY     a key of scope read           ${LOCAL_KEYS.read}
  --batch N          events in a request, 1 to ${MAX_EVENTS_PER_REQUEST}  ${MAX_EVENTS_PER_REQUEST}
  --concurrency N    requests at once, 1 to 64     4
  --timeout SECONDS  ends when nothing more is stored for so long  120`;

export interface ReplayOptions {
  file: string;
  url: string;
  key: string;
  readKey: string;
  batch: number;
  concurrency: number;
  timeoutMs: number;
}

/** @returns the options, or a sentence that says what is wrong with them. */
export function parseReplayOptions(args: readonly string[]): ReplayOptions | string {
  const text = { type: "string" } as const;
  let parsed: { values: Record<string, string | undefined>; positionals: string[] };
  try {
    parsed = parseArgs({
      args: [...args],
      allowPositionals: true,
      options: { url: text, key: text, "read-key": text, batch: text, concurrency: text, timeout: text },
    });
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
  const { values, positionals } = parsed;
  const [file] = positionals;
  if (file === undefined || positionals.length > 1) return "Name one file to replay.";
  const url = values.url ?? `http://localhost:${DEFAULT_PORT}`;
  if (!/^https?:\/\//.test(url) || !URL.canParse(url)) return "--url takes an address such as http://localhost:8787.";
  const batch = wholeNumber(values.batch, MAX_EVENTS_PER_REQUEST, MAX_EVENTS_PER_REQUEST);
  if (batch === null) return `--batch takes a whole number from 1 to ${MAX_EVENTS_PER_REQUEST}.`;
  const concurrency = wholeNumber(values.concurrency, 4, 64);
  if (concurrency === null) return "--concurrency takes a whole number from 1 to 64.";
  const seconds = wholeNumber(values.timeout, 120, 86_400);
  if (seconds === null) return "--timeout takes a whole number of seconds from 1 to 86400.";
  return {
    file,
    url: url.replace(/\/+$/, ""),
    key: values.key ?? LOCAL_KEYS.write,
    readKey: values["read-key"] ?? LOCAL_KEYS.read,
    batch,
    concurrency,
    timeoutMs: seconds * 1000,
  };
}

function wholeNumber(text: string | undefined, otherwise: number, max: number): number | null {
  if (text === undefined) return otherwise;
  const value = Number(text);
  return /^\d+$/.test(text) && value >= 1 && value <= max ? value : null;
}
