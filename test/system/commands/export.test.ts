import { readFileSync } from "node:fs";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { beforeAll, expect, test } from "vitest";
import { eventually, runToEnd } from "../service.ts";
import { serviceForTests } from "../service-for-tests.ts";

const EVENTS = 1_500;
const service = serviceForTests();

/** An hour of events of a past year, with ids, line breaks and characters of every length. */
const sent = Array.from({ length: EVENTS }, (_, n) => ({
  session_id: `session-${n % 40}`,
  category: n % 3 === 0 ? "form interaction" : "page interaction",
  name: "pageview",
  data: { n, text: `line\n"é😀"${n}` },
  timestamp: `2021-01-01T09:${String(n % 60).padStart(2, "0")}:00.${String(n).padStart(6, "0")}Z`,
  id: `event-${n}`,
}));

beforeAll(async () => {
  for (let n = 0; n < EVENTS; n += 500) {
    const body = JSON.stringify(sent.slice(n, n + 500));
    const headers = { Authorization: "Bearer eye_w_local" };
    expect((await fetch(`${service.url}/theeye/events`, { method: "POST", headers, body })).status).toBe(202);
  }
  await eventually(async () => {
    const url = `${service.url}/theeye/stats?start_date=2021-01-01&end_date=2021-01-01`;
    const answer = await fetch(url, { headers: { Authorization: "Bearer eye_r_local" } });
    const { total } = ((await answer.json()) as { total: { total: number } }).total;
    return total === EVENTS ? total : null;
  });
});

function inOrder(events: readonly { timestamp: string; id: string }[]): string[] {
  return events.toSorted((a, b) => (a.timestamp < b.timestamp ? -1 : 1)).map(({ id }) => id);
}

function exportTo(file: string, ...flags: string[]): Promise<{ code: number | null; output: string }> {
  return runToEnd("npm", ["run", "export", "--", "--url", service.url, "--out", file, ...flags]);
}

test("the exported file has every event that was sent, once and in order", async () => {
  const file = join(service.folder, "events.ndjson");
  const { code, output } = await exportTo(file, "--start", "2021-01-01", "--end", "2021-01-01", "--part", "400");
  expect(code, output).toBe(0);
  expect(output).toContain("1,500 events");
  const lines = readFileSync(file, "utf8").trimEnd().split("\n");
  const events = lines.map((line) => JSON.parse(line) as (typeof sent)[number] & { data: unknown });
  expect(events.map(({ id }) => id)).toEqual(inOrder(sent));
  expect(Object.fromEntries(events.map(({ id, data }) => [id, data]))).toEqual(
    Object.fromEntries(sent.map(({ id, data }) => [id, data])),
  );
});

test("CSV has the events that were sent, with columns for paths of the payload", async () => {
  const file = join(service.folder, "events.csv.gz");
  const { code, output } = await exportTo(file, "--flatten", "auto", "--category", "form interaction", "--part", "100");
  expect(code, output).toBe(0);
  const text = gunzipSync(readFileSync(file)).toString();
  const header = text.slice(0, text.indexOf("\r\n")).split(",");
  expect(header.slice(-2)).toEqual(["data.n", "data.text"]);
  const rows = csvRows(text).slice(1);
  const expected = sent.filter(({ category }) => category === "form interaction");
  expect(rows.map((row) => row[header.indexOf("id")])).toEqual(inOrder(expected));
  expect(new Map(rows.map((row) => [row[header.indexOf("id")], row.at(-1)]))).toEqual(
    new Map(expected.map(({ id, data }) => [id, data.text])),
  );
});

test("ends with a message if the key is refused", async () => {
  const { code, output } = await exportTo(join(service.folder, "none.ndjson"), "--key", "eye_w_local");
  expect(code).toBe(1);
  expect(output).toContain("answered 403");
});

/** The cells of a CSV text (RFC 4180). */
function csvRows(text: string): string[][] {
  const rows: string[][] = [[]];
  for (const [, quoted, plain, end] of text.matchAll(/(?:"((?:[^"]|"")*)"|([^",\r\n]*))(,|\r\n|$)/g)) {
    rows.at(-1)?.push(quoted?.replaceAll('""', '"') ?? plain ?? "");
    if (end === "\r\n") rows.push([]);
    if (end === "") break;
  }
  return rows.filter((row) => row.length > 1);
}
