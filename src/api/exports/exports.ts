import type { Context } from "hono";
import * as v from "valibot";
import type { AppEnv } from "../../http/app-env";
import { logFailure } from "../../http/log";
import { cursorUrl, EventPlaceSchema, eventPlace, readCursor } from "../../http/page";
import { Refusal } from "../../http/problem";
import { answerFrom } from "../../http/reading";
import { CursorParameter, filterParameters, refuseParameter } from "../../http/request/parameters";
import { readQuestion } from "../../http/request/read-question";
import { refuseUnknownApplication } from "../../http/request/unknown-application";
import { type ArchiveBucket, archiveOf } from "../../storage/archive/archive-bucket";
import { databasesOf } from "../../storage/core/databases";
import { findEvents } from "../../storage/events/find-events";
import { type ExportQuestion, exportEvents } from "../../storage/exports/export-events";
import { plannedEnd } from "../../storage/exports/planned-end";
import { type EventKey, startOf } from "../../storage/scan/event-order";
import { csvHeader, csvLine, flattenedPaths, MAX_FLATTENED } from "./csv";
import { type ExportFormat, exportStream, type TextFormat, textFormat } from "./export-stream";
import { ndjsonLine } from "./ndjson";
import { parquetFormat } from "./parquet";

/** Events in one response: about 8 s of a Worker's 30 s of CPU, and 250 of its 1,000 queries. */
export const MAX_EXPORTED_EVENTS = 1_000_000;

const FORMATS = ["ndjson", "csv", "parquet"] as const;

const limitRule = `expected a whole number from 1 to ${MAX_EXPORTED_EVENTS}`;

/** The parameters of `GET /theeye/exports`. */
export const ExportParameters = v.object({
  format: v.optional(
    v.pipe(
      v.picklist(FORMATS, `expected one of ${FORMATS.join(", ")}`),
      v.description(
        "ndjson: one event on each line, with the members of the list of events. csv: RFC 4180 with a header line. parquet: a file with the columns of the archive.",
      ),
    ),
    "ndjson",
  ),
  ...filterParameters("of occurrence"),
  flatten: v.optional(
    v.pipe(
      v.string(),
      v.maxLength(4_000, "expected at most 4000 characters"),
      v.check((text) => text.split(",").length <= MAX_FLATTENED, `expected at most ${MAX_FLATTENED} paths`),
      v.description(
        "Only for csv: paths in `data` that get their own column, such as `host,form.first_name`; or `auto` for those in the first 1,000 events.",
      ),
    ),
  ),
  gzip: v.optional(
    v.pipe(v.picklist(["1"], "expected 1"), v.description("1 returns a gzip file (`application/gzip`).")),
  ),
  limit: v.optional(
    v.pipe(
      v.string(),
      v.regex(/^\d{1,7}$/, limitRule),
      v.description("The maximum number of events in this response."),
      v.transform(Number),
      v.minValue(1, limitRule),
      v.maxValue(MAX_EXPORTED_EVENTS, limitRule),
    ),
    String(MAX_EXPORTED_EVENTS),
  ),
  cursor: CursorParameter,
});

type Asked = v.InferOutput<typeof ExportParameters>;

/** Events that `flatten=auto` examines. */
const SAMPLED_EVENTS = 1_000;

/**
 * `GET /theeye/exports`: events of all databases as a stream, oldest first. A response ends with a line that has the
 * number of its events and where the next part starts. If the counts give that in advance, `Link: <…>; rel="next"`
 * has it too.
 */
export async function exportAll(c: Context<AppEnv>): Promise<Response> {
  const read = readQuestion(c, ExportParameters);
  if (read instanceof Refusal) return read.response();
  const { question: asked, applications } = read;
  if (asked.flatten !== undefined && asked.format !== "csv") {
    return refuseParameter("flatten", "only format=csv has columns.").response();
  }
  if (asked.gzip !== undefined && asked.format === "parquet") {
    return refuseParameter("gzip", "a Parquet file is compressed inside.").response();
  }
  const { session_id, category, name, application, start_date, end_date } = asked;
  const filters = { session_id, category, name, application, start_date, end_date };
  const after = readCursor({ ...filters, cursor: asked.cursor }, "exports", EventPlaceSchema);
  if (after instanceof Refusal) return after.response();

  return answerFrom(async () => {
    const databases = databasesOf(c.env);
    const unknown = await refuseUnknownApplication(databases, application);
    if (unknown !== null) return unknown.response();
    const question: ExportQuestion = {
      ...{ session: session_id ?? null, category: category ?? null, name: name ?? null },
      applications,
      range: { order: "asc", from: start_date ?? null, to: end_date ?? null, after },
      limit: asked.limit,
    };
    const archive = archiveOf(c.env);
    const flatten = await columnsOf(asked, question, { databases, archive });
    const end = question.session === null ? await plannedEnd(databases, question, question.range, asked.limit) : null;
    const planned = end === null ? question : { ...question, range: { ...question.range, to: end - 1 } };
    const events = exportEvents(databases, planned, archive);
    const first = await events.next();
    const nextOf = (place: EventKey | null) => {
      const from = place ?? (end === null ? null : startOf(end));
      if (from === null) return null;
      const changed = flatten === null ? {} : { flatten: flatten.join(",") };
      return cursorUrl(c.req.url, { question: filters, name: "exports", place: eventPlace(from) }, changed);
    };
    const format = FORMAT_OF[asked.format](flatten ?? []);
    const failed = (thrown: unknown) => logFailure("export_broke_off", thrown);
    const stream = exportStream(first, events, format, nextOf, failed);
    return streamed(stream, asked, end === null ? null : nextOf(null));
  });
}

const MEDIA_TYPES: Record<Asked["format"], string> = {
  ndjson: "application/x-ndjson",
  csv: "text/csv; charset=utf-8; header=present",
  parquet: "application/vnd.apache.parquet",
};

function streamed(stream: ReadableStream<Uint8Array>, { format, gzip }: Asked, next: string | null): Response {
  const isGzip = gzip !== undefined;
  const headers = new Headers({
    "Content-Type": isGzip ? "application/gzip" : MEDIA_TYPES[format],
    "Content-Disposition": `attachment; filename="events.${format}${isGzip ? ".gz" : ""}"`,
    "Cache-Control": "no-store",
  });
  if (next !== null) headers.set("Link", `<${next}>; rel="next"`);
  return new Response(isGzip ? stream.pipeThrough(new CompressionStream("gzip")) : stream, { headers });
}

/** The paths that get columns; null without `flatten`. `next` lists them, so that all parts have the same columns. */
async function columnsOf(
  { flatten }: Asked,
  question: ExportQuestion,
  { databases, archive }: { databases: ReturnType<typeof databasesOf>; archive: ArchiveBucket | null },
): Promise<string[] | null> {
  if (flatten === undefined) return null;
  if (flatten !== "auto") return flatten.split(",");
  const { rows } = await findEvents(databases, { ...question, limit: SAMPLED_EVENTS }, archive);
  return flattenedPaths(rows);
}

const FORMAT_OF: Record<Asked["format"], (paths: readonly string[]) => ExportFormat> = {
  ndjson: () => textFormat(NDJSON),
  csv: (paths) => textFormat(csvFormat(paths)),
  parquet: parquetFormat,
};

const NDJSON: TextFormat = {
  header: "",
  line: ndjsonLine,
  trailer: (events, next) => `${JSON.stringify({ export: { events, next } })}\n`,
};

function csvFormat(paths: readonly string[]): TextFormat {
  return {
    header: csvHeader(paths),
    line: (event) => csvLine(event, paths),
    trailer: (events, next) => `# ${JSON.stringify({ export: { events, next } })}\r\n`,
  };
}
