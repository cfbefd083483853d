import { createInterface } from "node:readline/promises";
import type { Readable, Writable } from "node:stream";
import type { DuckDBConnection } from "@duckdb/node-api";
import { readWranglerConfig } from "../shared/wrangler-config.ts";
import { type LocalArchive, openLocalArchive } from "./local-archive.ts";
import { type ArchivePlace, type OutputFormat, parseQueryOptions, type QueryOptions, USAGE } from "./options.ts";
import { formatRows, withNumbers } from "./rows.ts";
import { splitStatements } from "./statements.ts";
import { emptyView, quoted, VIEW_COLUMNS, type ViewName, viewOverFiles } from "./views.ts";

export interface QueryWorld {
  environment: Readonly<Record<string, string | undefined>>;
  input: Readable & { isTTY?: boolean };
  output: Writable;
  printError: (text: string) => void;
}

/** The archive cannot be read. The message says why, and what to do. */
class NoArchive extends Error {}

/** The command `npm run query`. @returns its exit code; see `USAGE`. */
export async function runQuery(args: readonly string[], world: QueryWorld): Promise<number> {
  if (args.includes("--help") || args.includes("-h")) {
    world.output.write(`${USAGE}\n`);
    return 0;
  }
  const options = parseQueryOptions(args, world.environment);
  if (typeof options === "string") {
    world.printError(`${options}\n\n${USAGE}`);
    return 2;
  }
  let local: LocalArchive | null = null;
  try {
    const connection = await openDuckDb();
    local = options.place.kind === "local" ? openLocal(options.place) : null;
    await (local === null ? makeRemoteViews(connection, options.place) : makeLocalViews(connection, local));
    return await answerAll(connection, options, world);
  } catch (thrown) {
    if (!(thrown instanceof NoArchive)) throw thrown;
    world.printError(thrown.message);
    return 2;
  } finally {
    local?.remove();
  }
}

async function openDuckDb(): Promise<DuckDBConnection> {
  const module = await import("@duckdb/node-api").catch(() => null);
  if (module === null) throw new NoArchive("DuckDB is not installed: run `npm ci` with the development dependencies.");
  return (await module.DuckDBInstance.create()).connect();
}

function bucketOf({ bucket }: ArchivePlace): string {
  const name = bucket ?? readWranglerConfig("wrangler.toml").archiveBucket;
  if (name === null) throw new NoArchive("wrangler.toml binds no bucket ARCHIVE. Name one: --bucket NAME.");
  return name;
}

function openLocal(place: Extract<ArchivePlace, { kind: "local" }>): LocalArchive {
  const archive = openLocalArchive(place.state, bucketOf(place));
  if (archive !== null && archive.files.events + archive.files.errors > 0) return archive;
  archive?.remove();
  throw new NoArchive(
    `The archive of the local state ${place.state} holds nothing yet. Events move there when their hot window is over. To try it: npm start -- --var HOT_SECONDS:5 --var GRACE_SECONDS:0, then POST /theeye/storage/compact. Another state: --persist-to DIR. The deployed archive: --remote.`,
  );
}

const VIEW_NAMES = Object.keys(VIEW_COLUMNS).filter((name): name is ViewName => name in VIEW_COLUMNS);

async function makeLocalViews(connection: DuckDBConnection, { folder, files }: LocalArchive): Promise<void> {
  for (const name of VIEW_NAMES) await connection.run(files[name] > 0 ? viewOverFiles(name, folder) : emptyView(name));
}

async function makeRemoteViews(connection: DuckDBConnection, place: ArchivePlace): Promise<void> {
  if (place.kind !== "remote") return;
  try {
    await connection.run("INSTALL httpfs");
    await connection.run("LOAD httpfs");
  } catch (thrown) {
    throw new NoArchive(`DuckDB cannot load its extension httpfs, which it downloads once: ${messageOf(thrown)}`);
  }
  const bucket = bucketOf(place);
  await connection.run(secretOf(place));
  const scheme = place.endpoint === null ? "r2" : "s3";
  let found = 0;
  for (const name of VIEW_NAMES) {
    try {
      await connection.run(viewOverFiles(name, `${scheme}://${bucket}`));
      found += 1;
    } catch (thrown) {
      if (!/No files found/.test(messageOf(thrown))) {
        throw new NoArchive(`The bucket ${bucket} cannot be read: ${messageOf(thrown)}`);
      }
      await connection.run(emptyView(name));
    }
  }
  if (found === 0) throw new NoArchive(`The bucket ${bucket} holds no archive yet.`);
}

function secretOf({ account, endpoint, keyId, secret }: Extract<ArchivePlace, { kind: "remote" }>): string {
  const keys = `KEY_ID ${quoted(keyId)}, SECRET ${quoted(secret)}`;
  if (endpoint === null) return `CREATE SECRET (TYPE r2, ${keys}, ACCOUNT_ID ${quoted(account ?? "")})`;
  const { host, protocol } = new URL(endpoint);
  const place = `ENDPOINT ${quoted(host)}, URL_STYLE 'path', USE_SSL ${protocol === "https:"}, REGION 'auto'`;
  return `CREATE SECRET (TYPE s3, ${keys}, ${place})`;
}

async function answerAll(connection: DuckDBConnection, options: QueryOptions, world: QueryWorld): Promise<number> {
  const { sql, format } = options;
  if (sql !== null) return answerText(connection, sql, format, world);
  if (world.input.isTTY !== true) {
    const parts: string[] = [];
    for await (const chunk of world.input) parts.push(String(chunk));
    return answerText(connection, parts.join(""), format, world);
  }
  return prompt(connection, format, world);
}

/** Runs statements until one fails. */
async function answerText(
  connection: DuckDBConnection,
  text: string,
  format: OutputFormat,
  { output, printError }: QueryWorld,
): Promise<number> {
  const { statements, rest } = splitStatements(text);
  for (const statement of [...statements, rest].filter((one) => one.trim() !== "")) {
    try {
      output.write(await answer(connection, statement, format));
    } catch (thrown) {
      printError(messageOf(thrown));
      return 1;
    }
  }
  return 0;
}

/** Types whose values DuckDB returns as text, because a double may not hold them. */
const IS_WIDE_INTEGER = /^U?(BIG|HUGE)INT$/;

async function answer(connection: DuckDBConnection, statement: string, format: OutputFormat): Promise<string> {
  const reader = await connection.runAndReadAll(statement);
  const columns = reader.deduplicatedColumnNames();
  const wide = columns.filter((_, place) => IS_WIDE_INTEGER.test(reader.columnType(place).toString()));
  return formatRows(columns, withNumbers(reader.getRowObjectsJson(), wide), format);
}

const HELP = `End a statement with a semicolon. .exit or Ctrl-D ends.
  DESCRIBE events;
  SELECT day, count(*) AS events FROM events GROUP BY day ORDER BY day;
  SELECT data ->> '$.path' AS path, count(*) AS events FROM events WHERE day = '2026-11-26' GROUP BY 1 ORDER BY 2 DESC;
  SELECT name, count(*) AS failed FROM errors WHERE resolved_at IS NULL GROUP BY name;
`;

async function prompt(connection: DuckDBConnection, format: OutputFormat, world: QueryWorld): Promise<number> {
  const lines = createInterface({ input: world.input, output: world.output, terminal: true, prompt: "the-eye> " });
  world.output.write("SQL over the archive: views events and errors. .help shows examples.\n");
  let pending = "";
  lines.prompt();
  for await (const line of lines) {
    if (pending === "" && [".exit", ".quit"].includes(line.trim())) break;
    if (pending === "" && line.trim() === ".help") world.output.write(HELP);
    else {
      const { statements, rest } = splitStatements(`${pending}${line}\n`);
      pending = rest.trim() === "" ? "" : rest;
      await answerText(connection, statements.map((one) => `${one};`).join("\n"), format, world);
    }
    lines.setPrompt(pending === "" ? "the-eye> " : "     ...> ");
    lines.prompt();
  }
  lines.close();
  return 0;
}

function messageOf(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : String(thrown);
}
