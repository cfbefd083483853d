import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DuckDBInstance } from "@duckdb/node-api";
import { afterAll, describe, expect, it } from "vitest";
import { parquetFormat } from "../../src/api/exports/parquet";
import type { ArchivedError, ArchivedEvent } from "../../src/storage/archive/file/archived-rows";
import { ERROR_COLUMNS } from "../../src/storage/archive/file/columns";
import { ErrorFileWriter } from "../../src/storage/archive/file/error-file";
import { EventFileWriter } from "../../src/storage/archive/file/event-file";
import type { FoundEvent } from "../../src/storage/events/named-events";

/** Reads files of the archive with DuckDB, and compares them row by row and value by value. */

const folder = mkdtempSync(join(tmpdir(), "the-eye-archive-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

let files = 0;

async function readBack(bytes: Uint8Array, query = "SELECT * FROM file") {
  const path = join(folder, `${files++}.parquet`);
  writeFileSync(path, bytes);
  const duck = await (await DuckDBInstance.create()).connect();
  await duck.run(`CREATE VIEW file AS SELECT * FROM read_parquet('${path}', hive_partitioning = false)`);
  return (await duck.runAndReadAll(query)).getRowObjectsJson();
}

const EVENTS = `SELECT epoch_us(occurred_at)::DOUBLE AS occurred_at, epoch_us(received_at)::DOUBLE AS received_at,
  session_id, id, application, category, name, visitor_id, data, context, extra FROM file`;

const START = 1_609_491_600_000_000;

function event(n: number, more: Partial<ArchivedEvent> = {}): ArchivedEvent {
  return {
    session: `00000000-0000-4000-8000-${String(n % 700).padStart(12, "0")}`,
    id: `event-${n}`,
    application: "shop",
    category: n % 3 === 0 ? "page interaction" : "media",
    name: `name ${n % 7}`,
    occurredAt: START + n * 137,
    receivedAt: START + n * 137 + 250_001,
    data: JSON.stringify({ n, path: `/category/${n % 50}` }),
    context: null,
    extra: null,
    visitor: null,
    ...more,
  };
}

function asRow(row: ArchivedEvent) {
  return {
    occurred_at: row.occurredAt,
    received_at: row.receivedAt,
    session_id: row.session,
    id: row.id,
    application: row.application,
    category: row.category,
    name: row.name,
    visitor_id: row.visitor,
    data: row.data,
    context: row.context,
    extra: row.extra,
  };
}

function fileOf(events: readonly ArchivedEvent[]) {
  const writer = new EventFileWriter();
  for (const one of events) writer.add(one);
  return writer.finish();
}

const ODD: readonly ArchivedEvent[] = [
  event(1, {
    session: "a plain text id",
    id: "é 日本 🙂",
    visitor: "visitor",
    context: "{}",
    extra: '{"a":[1,{"b":null}]}',
  }),
  event(2, { data: '{"text":"\\u0000 \\"quoted\\" \\n 🙂"}', category: "日本語", name: "naïve", application: "app-2" }),
  event(3, { occurredAt: 0, receivedAt: START, data: "{}" }),
  event(4, { data: JSON.stringify({ large: "x".repeat(32_000) }), visitor: "v".repeat(128) }),
  event(5, { occurredAt: START + 1, receivedAt: START, context: '{"page":{"url":"https://example.com"}}' }),
];

describe("a file of events, read by DuckDB", () => {
  it.each([
    ["one event", [event(1)]],
    ["values of every kind", ODD],
    ["the same event twice", [event(1), event(1)]],
    ["several row groups", Array.from({ length: 25_001 }, (_, n) => event(n))],
    [
      "row groups that end by their size",
      Array.from({ length: 600 }, (_, n) => event(n, { data: JSON.stringify({ n, large: "y".repeat(30_000) }) })),
    ],
    [
      "visitors in every second event",
      Array.from({ length: 3_000 }, (_, n) => event(n, { visitor: n % 2 === 0 ? `visitor ${n % 9}` : null })),
    ],
  ])("holds %s", { timeout: 30_000 }, async (_, events) => {
    const file = fileOf(events);
    expect(file.rows).toBe(events.length);
    expect(await readBack(file.bytes, EVENTS)).toEqual(events.map(asRow));
  });

  it("has the same bytes each time it is written", () => {
    const events = Array.from({ length: 12_000 }, (_, n) => event(n));
    expect(Buffer.compare(fileOf(events).bytes, fileOf(events).bytes)).toBe(0);
  });

  it("answers questions on payloads", async () => {
    const rows = await readBack(
      fileOf(Array.from({ length: 1_000 }, (_, n) => event(n))).bytes,
      "SELECT count(*)::INT AS events, max((data ->> 'n')::INT) AS most FROM file WHERE data ->> 'path' = '/category/7'",
    );
    expect(rows).toEqual([{ events: 20, most: 957 }]);
  });

  it("is full after its row groups", () => {
    const writer = new EventFileWriter({
      groupRows: 10,
      groupCharacters: 1_000_000,
      fileGroups: 5,
      fileBytes: 1_000_000,
    });
    let written = 0;
    for (; !writer.isFull; written++) writer.add(event(written));
    expect(written).toBe(50);
  });
});

describe("an export as Parquet, read by DuckDB", () => {
  it("holds every event, and says in its footer where it goes on", async () => {
    const events = [...ODD, ...Array.from({ length: 23_000 }, (_, n) => event(n))];
    const format = parquetFormat();
    const parts = [format.begin()];
    for (let n = 0; n < events.length; n += 900) parts.push(format.lines(events.slice(n, n + 900).map(found)));
    parts.push(format.end(events.length, "?cursor=x"));
    // It is sent as it is written: no part holds much more than a row group.
    expect(Math.max(...parts.map(({ length }) => length))).toBeLessThan(1_000_000);
    const bytes = Buffer.concat(parts);
    expect(await readBack(bytes, EVENTS)).toEqual(events.map(asRow));
    const path = join(folder, "export.parquet");
    writeFileSync(path, bytes);
    const duck = await (await DuckDBInstance.create()).connect();
    const notes = await duck.runAndReadAll(
      `SELECT decode(value) AS note FROM parquet_kv_metadata('${path}') WHERE decode(key) = 'the_eye.export'`,
    );
    expect(JSON.parse(String(notes.getRowObjectsJson()[0]?.note))).toEqual({ events: 23_005, next: "?cursor=x" });
  });
});

function found(row: ArchivedEvent): FoundEvent {
  const { occurredAt, receivedAt, session } = row;
  return { ...row, key: { occurredAt, receivedAfter: receivedAt - occurredAt, session, tie: 0 } };
}

describe("a file of errors, read by DuckDB", () => {
  const plain: ArchivedError = {
    id: "err_1",
    receivedAt: START,
    application: "shop",
    session: "session",
    category: "media",
    name: "play",
    eventId: "event",
    issues: '[{"code":"data_invalid","path":"/data","message":"expected a JSON object, found null"}]',
    content: '{"data":null}',
    parts: 0,
    resolvedAt: null,
    resolvedSession: null,
    resolvedEventId: null,
    resolvedOccurredAt: null,
    replayedAt: null,
    replayId: null,
  };
  const errors: ArchivedError[] = [
    plain,
    {
      ...plain,
      id: "err_2",
      application: null,
      session: null,
      category: null,
      name: null,
      eventId: null,
      content: null,
      parts: 3,
    },
    {
      ...plain,
      id: "err_3",
      resolvedAt: START + 1,
      resolvedSession: "s",
      resolvedEventId: "e",
      resolvedOccurredAt: START,
      replayedAt: START + 1,
      replayId: "r",
    },
  ];

  it("holds every column", async () => {
    const writer = new ErrorFileWriter();
    for (const error of errors) writer.add(error);
    const moments = ["received_at", "resolved_at", "resolved_occurred_at", "replayed_at"];
    const columns = ERROR_COLUMNS.map(({ name }) =>
      moments.includes(name) ? `epoch_us(${name})::DOUBLE AS ${name}` : name,
    );
    const rows = await readBack(writer.finish().bytes, `SELECT ${columns.join(", ")} FROM file`);
    expect(rows).toEqual(
      errors.map((error) => Object.fromEntries(ERROR_COLUMNS.map(({ name, valueIn }) => [name, valueIn(error)]))),
    );
  });
});
