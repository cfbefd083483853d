import { parseArgs } from "node:util";
import { DEFAULT_PERSIST_TO } from "../start/options.ts";

export const FORMATS = ["table", "json", "csv"] as const;

export type OutputFormat = (typeof FORMATS)[number];

export const USAGE = `npm run query -- [options]

SQL over the archive, with DuckDB. The views \`events\` and \`errors\` have what has left the databases.
Conditions on their columns day, hour (UTC) and db leave other files unread.

  -c SQL             runs SQL and ends. Without it a prompt opens, or SQL is read from standard input
  --format NAME      table, json (an object per line) or csv    table

  --persist-to DIR   the local state to read                    ${DEFAULT_PERSIST_TO}
  --remote           reads the bucket in R2 instead. Needs CLOUDFLARE_ACCOUNT_ID, R2_ACCESS_KEY_ID and
                     R2_SECRET_ACCESS_KEY: an R2 API token that may read objects
  --bucket NAME      the bucket                                 by wrangler.toml
  --endpoint URL     an S3-compatible service other than R2

The exit code is 0, 1 if SQL failed, or 2 if the command is wrong or the archive cannot be read.`;

/** Where the archive is. */
export type ArchivePlace =
  | { kind: "local"; state: string; bucket: string | null }
  | {
      kind: "remote";
      account: string | null;
      endpoint: string | null;
      bucket: string | null;
      keyId: string;
      secret: string;
    };

export interface QueryOptions {
  sql: string | null;
  format: OutputFormat;
  place: ArchivePlace;
}

/** @returns the options, or a sentence that says what is wrong with them. */
export function parseQueryOptions(
  args: readonly string[],
  environment: Readonly<Record<string, string | undefined>>,
): QueryOptions | string {
  let values: ReturnType<typeof parse>["values"];
  try {
    values = parse(args).values;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
  const format = FORMATS.find((one) => one === (values.format ?? "table"));
  if (format === undefined) return `--format takes ${FORMATS.join(", ")}; found ${values.format}.`;
  const { bucket = null, endpoint = null } = values;
  const sql = values.command ?? null;
  if (values.remote !== true) {
    if (endpoint !== null) return "--endpoint is for --remote.";
    const state = values["persist-to"] ?? DEFAULT_PERSIST_TO;
    return { sql, format, place: { kind: "local", state, bucket } };
  }
  if (values["persist-to"] !== undefined) return "Use either --persist-to or --remote.";
  if (endpoint !== null && !URL.canParse(endpoint))
    return "--endpoint takes an address such as https://s3.example.com.";
  const account = environment.CLOUDFLARE_ACCOUNT_ID ?? null;
  const { R2_ACCESS_KEY_ID: keyId = "", R2_SECRET_ACCESS_KEY: secret = "" } = environment;
  const missing = [
    ...(account === null && endpoint === null ? ["CLOUDFLARE_ACCOUNT_ID"] : []),
    ...(keyId === "" ? ["R2_ACCESS_KEY_ID"] : []),
    ...(secret === "" ? ["R2_SECRET_ACCESS_KEY"] : []),
  ];
  if (missing.length > 0) {
    return `--remote needs ${missing.join(" and ")} in the environment. Make an R2 API token with "Object Read only": dash.cloudflare.com, R2, Manage API tokens.`;
  }
  return { sql, format, place: { kind: "remote", account, endpoint, bucket, keyId, secret } };
}

function parse(args: readonly string[]) {
  return parseArgs({
    args: [...args],
    options: {
      command: { type: "string", short: "c" },
      format: { type: "string" },
      "persist-to": { type: "string" },
      bucket: { type: "string" },
      endpoint: { type: "string" },
      remote: { type: "boolean" },
    },
  });
}
