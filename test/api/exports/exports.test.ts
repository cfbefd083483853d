import { env } from "cloudflare:workers";
import { gunzipSync } from "node:zlib";
import { parquetMetadata, parquetReadObjects } from "hyparquet";
import * as v from "valibot";
import { beforeEach, expect, it } from "vitest";
import { databasesOf } from "../../../src/storage/core/databases";
import { emptyDatabases } from "../../storage/empty-databases";
import { eventRow, inReadingOrder, MINUTE, MORNING, store } from "../../storage/seed";
import { ask } from "../reading-app";

const databases = databasesOf(env);

beforeEach(() => emptyDatabases(databases));

const rows = Array.from({ length: 40 }, (_, n) =>
  eventRow({
    session: `session-${n % 5}`,
    occurredAt: MORNING + n * MINUTE,
    data: JSON.stringify({ host: "www.example.com", n }),
    visitor: n % 2 === 0 ? "visitor" : null,
    context: n % 3 === 0 ? '{"sdk":"x"}' : null,
    extra: n % 4 === 0 ? '{"more":1}' : null,
  }),
);
const ids = inReadingOrder(rows).map(({ id }) => id);

const Trailer = v.object({ export: v.object({ events: v.number(), next: v.nullable(v.string()) }) });
const Line = v.looseObject({ id: v.string() });

async function linesOf(
  response: Response,
): Promise<{ events: { id: string }[]; trailer: v.InferOutput<typeof Trailer> }> {
  const lines = (await response.text()).trimEnd().split("\n");
  const trailer = v.parse(Trailer, JSON.parse(lines.pop() ?? ""));
  return { events: lines.map((line) => v.parse(Line, JSON.parse(line))), trailer };
}

it("streams the events of the list as lines, with a trailer that counts them", async () => {
  await store(databases, { events: rows });
  const response = await ask("/theeye/exports");
  expect(response.headers.get("Content-Type")).toBe("application/x-ndjson");
  const { events, trailer } = await linesOf(response);
  expect(trailer).toEqual({ export: { events: 40, next: null } });
  const listed: { results: unknown[] } = await (await ask("/theeye/events?order=asc")).json();
  expect(events).toEqual(listed.results);
});

it("can be followed part by part, by the header or by the trailer", async () => {
  await store(databases, { events: rows });
  for (const way of ["header", "trailer"] as const) {
    const found: string[] = [];
    let url: string | null = "/theeye/exports?limit=7";
    for (let parts = 0; url !== null && parts < 50; parts++) {
      const response: Response = await ask(url);
      expect(response.status).toBe(200);
      const link = /^<(.*)>; rel="next"$/.exec(response.headers.get("Link") ?? "")?.[1] ?? null;
      const { events, trailer } = await linesOf(response);
      expect(events.length).toBeLessThanOrEqual(7);
      expect(link).toBe(trailer.export.next);
      found.push(...events.map(({ id }) => id));
      const next: string | null = way === "header" ? link : trailer.export.next;
      url = next === null ? null : `/theeye/exports${next}`;
    }
    expect(found).toEqual(ids);
  }
});

it("writes CSV with columns for paths of the payload, the same in every part", async () => {
  await store(databases, { events: rows });
  const response = await ask("/theeye/exports?format=csv&flatten=auto&limit=10");
  expect(response.headers.get("Content-Type")).toBe("text/csv; charset=utf-8; header=present");
  const lines = (await response.text()).trimEnd().split("\r\n");
  expect(lines[0]).toMatch(/,data,context,extra,data.host,data.n$/);
  expect(lines).toHaveLength(12);
  expect(lines[4]).toMatch(/,www.example.com,3$/);
  const { next } = v.parse(Trailer, JSON.parse(lines.at(-1)?.slice(2) ?? "")).export;
  expect(new URLSearchParams(next ?? "").get("flatten")).toBe("host,n");
});

it("is a gzip file on request", async () => {
  await store(databases, { events: rows });
  const response = await ask("/theeye/exports?gzip=1");
  expect(response.headers.get("Content-Type")).toBe("application/gzip");
  expect(response.headers.get("Content-Disposition")).toBe('attachment; filename="events.ndjson.gz"');
  const plain = new Response(response.body?.pipeThrough(new DecompressionStream("gzip")));
  expect((await linesOf(plain)).events).toHaveLength(40);
});

it("accepts the filters of the list", async () => {
  await store(databases, { events: rows });
  const { events } = await linesOf(await ask("/theeye/exports?session_id=session-2&start_date=2021-01-01T09:10:00Z"));
  expect(events).toHaveLength(6);
});

it.each([
  ["format=xml", "format"],
  ["flatten=host", "flatten"],
  ["limit=0", "limit"],
  ["limit=1000001", "limit"],
  ["order=desc", "order"],
  ["cursor=x", "cursor"],
  ["start_date=2021-01-02&end_date=2021-01-01", "start_date"],
])("refuses %s", async (query, parameter) => {
  const response = await ask(`/theeye/exports?${query}`);
  expect(response.status).toBe(400);
  expect(await response.json()).toMatchObject({ code: "invalid_parameter", parameter });
});

it("answers with a Parquet file, which holds the events and where to go on", async () => {
  await store(databases, { events: rows });
  const response = await ask("/theeye/exports?format=parquet&limit=15");
  expect(response.headers.get("Content-Type")).toBe("application/vnd.apache.parquet");
  expect(response.headers.get("Content-Disposition")).toContain("events.parquet");
  const file = await response.arrayBuffer();
  const { key_value_metadata: notes } = parquetMetadata(file);
  const note = notes?.find(({ key }) => key === "the_eye.export")?.value ?? "";
  expect(JSON.parse(note)).toEqual({ events: 15, next: expect.stringContaining("format=parquet") });
  const found = await parquetReadObjects({ file, compressors: { GZIP: (input) => gunzipSync(input) } });
  expect(found.map(({ id }) => id)).toEqual(ids.slice(0, 15));
  expect((await ask("/theeye/exports?format=parquet&gzip=1")).status).toBe(400);
});
