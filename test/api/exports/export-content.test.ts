import { gunzipSync } from "node:zlib";
import { parquetReadObjects } from "hyparquet";
import { beforeEach, expect, it } from "vitest";
import type { EventRow } from "../../../src/storage/write/rows";
import { MAX_NEW_SERIES_PER_DAY } from "../../../src/storage/write/write-series";
import { compactAll, databases, emptyEverything } from "../../compaction/harness";
import { eventRow, inReadingOrder, MINUTE, MORNING, store } from "../../storage/seed";
import { ask } from "../reading-app";

beforeEach(emptyEverything);

/** Texts that a format could spoil. */
const ODD_TEXTS = [
  'quotes " and \\ and \\" together',
  "commas, semicolons; tabs\tand\r\nlines\n",
  "control \u0001\u001f\u007f and \u0085\u2028\u2029",
  "snowman ☃, 日本語, emoji 😀, family 👨‍👩‍👧, combining a\u0301, \ufeffmark, \ufffd",
  "'; DROP TABLE events; --",
  "=1+1",
  " spaces ",
  "null",
  "x4ca6ea3c6ad24a1283b757b26911fb3c",
  "4CA6EA3C-6AD2-4A12-83B7-57B26911FB3C",
  "4ca6ea3c-6ad2-4a12-83b7-57b26911fb3c",
];

const ODD_PAYLOADS = [
  '{"n":12345678901234567890,"small":1e-400,"float":0.1e1,"minus":-0}',
  '{"nothing":null,"list":[null,1,"two",{"three":[]}],"empty":{},"":"no name"}',
  '{"escaped":"\\u0000\\u001f \\ud800 \\/ \\"quoted\\"","a.b":1,"__proto__":{"x":1}}',
  JSON.stringify({ texts: ODD_TEXTS }),
  JSON.stringify({ long: "é".repeat(5_000) }),
  JSON.stringify({ longer: "x".repeat(60_000) }),
];

const ROWS: EventRow[] = [
  ...ODD_TEXTS.flatMap((text, n) => [
    eventRow({
      session: text,
      occurredAt: MORNING + n * MINUTE + 1,
      visitor: text,
      extra: JSON.stringify({ [text]: text }),
    }),
    eventRow({ id: text, session: `session-${n}`, occurredAt: MORNING + n * MINUTE, data: JSON.stringify({ text }) }),
    eventRow({ category: text, name: text, application: "blog", occurredAt: MORNING + n * MINUTE + 999_999 }),
  ]),
  ...ODD_PAYLOADS.flatMap((payload, n) => [
    eventRow({ data: payload, session: `payload-${n}` }),
    eventRow({ context: payload, visitor: "v", session: `payload-${n}`, receivedAt: MORNING - 5_000_001 }),
    eventRow({ extra: payload, data: payload, context: payload, session: `payload-${n}`, receivedAt: MORNING + 1e13 }),
  ]),
];

/** As many types as an application may have new in a day and database, and one more, which is stored with its event. */
const MANY_TYPES = Array.from({ length: MAX_NEW_SERIES_PER_DAY + 1 }, (_, n) =>
  eventRow({ session: "types", application: "types", name: `type "${n}", ☃`, occurredAt: MORNING + n }),
);

const EVENTS = inReadingOrder([...ROWS, ...MANY_TYPES]);

function timeText(micros: number): string {
  const second = Math.floor(micros / 1_000_000);
  return `${new Date(second * 1_000).toISOString().slice(0, 19)}.${String(micros - second * 1_000_000).padStart(6, "0")}Z`;
}

/** The formats written as plainly as possible. */
function plainNdjson(event: EventRow): string {
  const members = [
    ["session_id", JSON.stringify(event.session)],
    ["application", JSON.stringify(event.application)],
    ["category", JSON.stringify(event.category)],
    ["name", JSON.stringify(event.name)],
    ["data", event.data],
    ["timestamp", JSON.stringify(timeText(event.occurredAt))],
    ["received_at", JSON.stringify(timeText(event.receivedAt))],
    ["id", JSON.stringify(event.id)],
    ["visitor_id", event.visitor === null ? null : JSON.stringify(event.visitor)],
    ["context", event.context],
    ["extra", event.extra],
  ];
  const own = members.filter(([, text]) => text !== null).map(([name, text]) => `"${name}":${text}`);
  return `{${own.join(",")}}\n`;
}

function plainCsv(event: EventRow): string {
  const { session, application, category, name, occurredAt, receivedAt, id, visitor, data, context, extra } = event;
  const cells = [session, application, category, name, timeText(occurredAt), timeText(receivedAt), id];
  return `${[...cells, visitor, data, context, extra]
    .map((cell) => cell ?? "")
    .map((cell) => (/[",\r\n]/.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell))
    .join(",")}\r\n`;
}

const CSV_HEADER = "session_id,application,category,name,timestamp,received_at,id,visitor_id,data,context,extra\r\n";
const END = JSON.stringify({ export: { events: EVENTS.length, next: null } });

async function exported(query: string): Promise<string> {
  const response = await ask(`/theeye/exports?${query}`);
  if (!query.includes("gzip")) return response.text();
  return gunzipSync(await response.arrayBuffer()).toString();
}

it.each(["the databases", "the archive"])("gives every odd content unchanged, from %s", async (place) => {
  await store(databases, { events: EVENTS });
  if (place === "the archive") await compactAll();
  const lines = EVENTS.map(plainNdjson);
  expect((await exported("format=ndjson")).split("\n")).toEqual(`${lines.join("")}${END}\n`.split("\n"));
  expect(await exported("gzip=1")).toBe(`${lines.join("")}${END}\n`);
  const table = EVENTS.map(plainCsv);
  expect(await exported("format=csv")).toBe(`${CSV_HEADER}${table.join("")}# ${END}\r\n`);
  // Filtered exports are read in another way.
  const blog = EVENTS.filter(({ application }) => application === "blog").map(plainNdjson);
  expect(await exported("application=blog")).toContain(blog.join(""));
  const file = await (await ask("/theeye/exports?format=parquet")).arrayBuffer();
  const rows = await parquetReadObjects({ file, compressors: { GZIP: (input) => gunzipSync(input) } });
  expect(rows.map((row) => [row.session_id, row.id, row.data, row.context ?? null, row.extra ?? null])).toEqual(
    EVENTS.map(({ session, id, data, context, extra }) => [session, id, data, context, extra]),
  );
});
