import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PassThrough, Readable } from "node:stream";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { runQuery } from "../../scripts/query/run.ts";
import { VIEW_COLUMNS } from "../../scripts/query/views.ts";
import { objectKey } from "../../src/storage/archive/file/archive-file";
import type { ArchivedError, ArchivedEvent } from "../../src/storage/archive/file/archived-rows";
import { ERROR_COLUMNS, EVENT_COLUMNS } from "../../src/storage/archive/file/columns";
import { ErrorFileWriter } from "../../src/storage/archive/file/error-file";
import { EventFileWriter } from "../../src/storage/archive/file/event-file";
import { fillLocalBucket } from "../scripts/query/local-bucket.ts";

const NOON = 1_609_502_400_000_000;
const HOUR = 3_600_000_000;
const BUCKET = "the-eye-archive";

const folder = mkdtempSync(join(tmpdir(), "the-eye-query-"));
const state = join(folder, "state");

function event(n: number): ArchivedEvent {
  return {
    ...{
      session: `s-${n % 5}`,
      id: `e-${n}`,
      application: "shop",
      category: "page",
      name: n % 2 === 0 ? "view" : "click",
    },
    ...{ occurredAt: NOON + n * HOUR, receivedAt: NOON + n * HOUR, visitor: null, context: null, extra: null },
    data: JSON.stringify({ path: `/${n % 3}`, quote: 'it\'s "so"' }),
  };
}

const ERROR: ArchivedError = {
  ...{ id: "err_1", receivedAt: NOON, application: "shop", session: null, category: "page", name: "view" },
  ...{ eventId: null, issues: "[]", content: '{"a":1}', parts: 0, resolvedAt: null, resolvedSession: null },
  ...{ resolvedEventId: null, resolvedOccurredAt: null, replayedAt: null, replayId: null },
};

/** Twenty hours, an event and a file each, so that the last ones lie on the next day; and an error. */
beforeAll(async () => {
  const objects: Record<string, string | Uint8Array> = { "something/else": "no part of the archive" };
  for (let n = 0; n < 20; n++) {
    const writer = new EventFileWriter();
    writer.add(event(n));
    const hour = (NOON + n * HOUR) / 1_000_000;
    objects[objectKey("events", hour, n % 2, String(n).padStart(32, "0"))] = writer.finish().bytes;
  }
  const errors = new ErrorFileWriter();
  errors.add(ERROR);
  objects[objectKey("errors", NOON / 1_000_000, 0, "e".repeat(32))] = errors.finish().bytes;
  await fillLocalBucket(state, BUCKET, objects);
}, 60_000);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

async function query(args: string[], input = ""): Promise<{ code: number; out: string; failed: string }> {
  const output = new PassThrough();
  let failed = "";
  const code = await runQuery(["--persist-to", state, "--bucket", BUCKET, ...args], {
    ...{ environment: {}, input: Readable.from([input]), output },
    printError: (text) => {
      failed += `${text}\n`;
    },
  });
  output.end();
  let out = "";
  for await (const chunk of output) out += String(chunk);
  return { code, out, failed };
}

describe("npm run query", () => {
  it("answers SQL over events, with days of UTC", async () => {
    const sql =
      "SELECT day, count(*)::INT AS events, min(occurred_at)::VARCHAR AS first FROM events GROUP BY day ORDER BY day";
    const { code, out } = await query(["-c", sql, "--format", "json"]);
    expect(code).toBe(0);
    expect(
      out
        .trim()
        .split("\n")
        .map((line) => JSON.parse(line)),
    ).toEqual([
      { day: "2021-01-01", events: 12, first: "2021-01-01 12:00:00" },
      { day: "2021-01-02", events: 8, first: "2021-01-02 00:00:00" },
    ]);
  });

  it("answers SQL over payloads and errors, as a table and as CSV", async () => {
    const paths =
      "SELECT data ->> '$.path' AS path, count(*)::INT AS events FROM events WHERE name = 'view' GROUP BY 1 ORDER BY 1";
    expect((await query(["-c", paths])).out).toBe("path  events\n----  ------\n/0    4\n/1    3\n/2    3\n(3 rows)\n");
    const { out } = await query(["-c", "SELECT id, content FROM errors", "--format", "csv"]);
    expect(out).toBe('id,content\nerr_1,"{""a"":1}"\n');
  });

  it("reads statements from standard input, and ends at the first that fails", async () => {
    const ok = await query(["--format", "csv"], "SELECT 1 AS one; -- a comment; with a semicolon\nSELECT ';' AS two");
    expect([ok.code, ok.out]).toEqual([0, "one\n1\ntwo\n;\n"]);
    const wrong = await query(["--format", "csv"], "SELECT nothing FROM events; SELECT 2 AS two;");
    expect([wrong.code, wrong.out]).toEqual([1, ""]);
    expect(wrong.failed).toContain("nothing");
  });

  it("leaves nothing in the folder of the state", async () => {
    await query(["-c", "SELECT 1"]);
    expect(readdirSync(state)).toEqual(["v3"]);
  });

  it("says what to do where the archive is empty, and what is wrong with a command", async () => {
    const empty = await query(["--persist-to", join(folder, "none"), "-c", "SELECT 1"]);
    expect([empty.code, empty.failed]).toEqual([2, expect.stringContaining("holds nothing yet")]);
    const unclear = await query(["--format", "xml"]);
    expect([unclear.code, unclear.failed]).toEqual([2, expect.stringContaining("--format takes table, json, csv")]);
  });
});

it("the views have the columns of the files, in their order", () => {
  const types = { text: "VARCHAR", moment: "TIMESTAMP", count: "INTEGER" };
  for (const [columns, view] of [
    [EVENT_COLUMNS, VIEW_COLUMNS.events],
    [ERROR_COLUMNS, VIEW_COLUMNS.errors],
  ] as const) {
    expect(Object.entries(view)).toEqual(columns.map(({ name, kind }) => [name, types[kind]]));
  }
});
