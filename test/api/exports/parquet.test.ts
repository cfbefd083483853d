import { gunzipSync } from "node:zlib";
import { parquetMetadata, parquetReadObjects } from "hyparquet";
import { expect, it } from "vitest";
import { parquetFormat } from "../../../src/api/exports/parquet";
import type { FoundEvent } from "../../../src/storage/events/named-events";

function found(id: string): FoundEvent {
  return {
    key: { occurredAt: 0, receivedAfter: 0, session: "ts", tie: 0 },
    ...{ session: "s", application: "shop", category: "c", name: "n", occurredAt: 1, receivedAt: 2, id },
    ...{ data: "{}", context: null, extra: null, visitor: null },
  };
}

/** A whole file of some pages. */
async function fileOf(pages: readonly string[][], next: string | null): Promise<ArrayBuffer> {
  const { begin, lines, end } = parquetFormat();
  const events = pages.flat().length;
  return new Blob([begin(), ...pages.map((ids) => lines(ids.map(found))), end(events, next)]).arrayBuffer();
}

it.each<[string, string[][], string | null]>([
  ["several pages", [["a", "b"], [], ["c"]], "?cursor=x"],
  ["no events", [], null],
])("writes one readable file of %s, with where it goes on in its footer", async (_, pages, next) => {
  const file = await fileOf(pages, next);
  const note = parquetMetadata(file).key_value_metadata?.find(({ key }) => key === "the_eye.export")?.value;
  expect(JSON.parse(note ?? "")).toEqual({ events: pages.flat().length, next });
  const rows = await parquetReadObjects({ file, compressors: { GZIP: (input) => gunzipSync(input) } });
  expect(rows.map(({ id }) => id)).toEqual(pages.flat());
});

it("keeps files apart that are written at the same time", async () => {
  const [first, second] = [parquetFormat(), parquetFormat()];
  const parts = [first.begin(), first.lines([found("a")])];
  second.lines([found("b")]);
  const file = await new Blob([...parts, first.end(1, null)]).arrayBuffer();
  const rows = await parquetReadObjects({ file, compressors: { GZIP: (input) => gunzipSync(input) } });
  expect(rows.map(({ id }) => id)).toEqual(["a"]);
});
