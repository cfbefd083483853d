import { parseArgs } from "node:util";
import { LOCAL_KEYS } from "../start/local-keys.ts";
import { DEFAULT_PORT } from "../start/options.ts";

export const DEFAULT_PART = 100_000;
const MAX_PART = 1_000_000;

export const USAGE = `npm run export -- --out FILE [options]

Writes events to a file, oldest first. If it is interrupted, the same command continues where it stopped.

  --out FILE         the file to write; compressed if its name ends with .gz
  --start MOMENT     the earliest, such as 2021-01-01 or 2021-01-01T09:15:27Z
  --end MOMENT       the latest, inclusive
  --format NAME      ndjson or csv                        by FILE's name, else ndjson
  --flatten PLACES   for csv: paths in data that become columns, such as host,form.first_name; or auto
  --session ID       only this session
  --category NAME    only this category; likewise --name, --application
  --part N           events in a request, 1 to ${MAX_PART}       ${DEFAULT_PART}
  --force            replaces FILE, if it is there and no export of it can go on

  --url URL          where The Eye is                     http://localhost:${DEFAULT_PORT}
  --key KEY          a key of scope read                  $THE_EYE_KEY, else ${LOCAL_KEYS.read}

The exit code is 0 if the file is complete, 1 if it is not, 2 if the command is wrong.`;

export interface ExportOptions {
  out: string;
  isGzip: boolean;
  isForced: boolean;
  url: string;
  key: string;
  /** The parameters of the first request. */
  query: URLSearchParams;
}

const text = { type: "string" } as const;

/** @returns the options, or a sentence that says what is wrong with them. */
export function parseExportOptions(args: readonly string[], environment: NodeJS.ProcessEnv): ExportOptions | string {
  let values: ReturnType<typeof parse>["values"];
  try {
    values = parse(args).values;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
  const { out, part = String(DEFAULT_PART) } = values;
  if (out === undefined || out === "") return "Name the file to write: --out FILE.";
  const url = values.url ?? `http://localhost:${DEFAULT_PORT}`;
  if (!/^https?:\/\//.test(url) || !URL.canParse(url)) return "--url takes an address such as http://localhost:8787.";
  if (!/^\d{1,7}$/.test(part) || Number(part) < 1 || Number(part) > MAX_PART) {
    return `--part takes a whole number from 1 to ${MAX_PART}.`;
  }
  const format = values.format ?? (/\.csv(\.gz)?$/.test(out) ? "csv" : "ndjson");
  if (format !== "ndjson" && format !== "csv") return `--format takes ndjson or csv; found ${format}.`;
  const asked = {
    ...{ format, start_date: values.start, end_date: values.end, flatten: values.flatten },
    ...{ session_id: values.session, category: values.category, name: values.name, application: values.application },
    limit: String(Number(part)),
  };
  const given = Object.entries(asked).filter((entry): entry is [string, string] => entry[1] !== undefined);
  return {
    out,
    isGzip: out.endsWith(".gz"),
    isForced: values.force ?? false,
    url: url.replace(/\/+$/, ""),
    key: values.key ?? environment.THE_EYE_KEY ?? LOCAL_KEYS.read,
    query: new URLSearchParams(given),
  };
}

function parse(args: readonly string[]) {
  return parseArgs({
    args: [...args],
    options: {
      ...{ out: text, start: text, end: text, format: text, flatten: text, part: text, url: text, key: text },
      ...{ session: text, category: text, name: text, application: text },
      force: { type: "boolean" },
    },
  });
}
