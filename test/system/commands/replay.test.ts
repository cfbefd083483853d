import { existsSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { ROOT, runToEnd } from "../service.ts";
import { serviceForTests } from "../service-for-tests.ts";

const REAL_LOG = join(ROOT, "../shared/data/access.log");
const FIXTURE = join(import.meta.dirname, "access-sample.txt");

const service = serviceForTests();

const replay = (file: string, ...flags: string[]) =>
  runToEnd("npm", ["run", "replay", "--", file, "--url", service.url, ...flags]);

/** The numbers of the reconciliation, by row name. */
function table(output: string): Record<string, number> {
  const rows = output.matchAll(/^ {0,2}([a-z ]+?) {2,}(\d+)/gm);
  return Object.fromEntries(Array.from(rows, ([, name, n]) => [name ?? "", Number(n)]));
}

async function countEvents(): Promise<number> {
  let count = 0;
  let next: string | null = `${service.url}/theeye/events?limit=1000`;
  while (next !== null) {
    const response: Response = await fetch(next, { headers: { Authorization: "Bearer eye_r_local" } });
    const page = (await response.json()) as { results: unknown[]; next: string | null };
    count += page.results.length;
    next = page.next === null ? null : new URL(page.next, next).href;
  }
  return count;
}

test("a small log with unusual lines adds up, and the lines that were not understood are listed", async () => {
  const { code, output } = await replay(FIXTURE, "--batch", "7", "--concurrency", "3");
  expect(code, output).toBe(0);
  expect(table(output)).toEqual({
    "lines read": 30,
    blank: 1,
    "not understood": 2,
    skipped: 0,
    "stored before": 0,
    sent: 27,
    accepted: 27,
    "stored now": 26,
    "in errors": 1,
    missing: 0,
  });
  expect(output).toContain("line 9, 22");
  expect(output).toContain("It adds up, except for 2 lines that were not understood.");
});

test("the same log adds up a second time: only the line that failed is sent again", async () => {
  const before = await countEvents();
  const { code, output } = await replay(FIXTURE);
  expect(code, output).toBe(0);
  expect(table(output)).toMatchObject({ "stored before": 26, sent: 1, "stored now": 0, "in errors": 1, missing: 0 });
  expect(output).toContain('26 of 27 lines were stored before, under the source "default"');
  expect(await countEvents()).toBe(before);
});

test("another server's log is separate by its source, and a late line moves no other", async () => {
  const grown = (name: string) => join(ROOT, "test/fixtures/logs", name);
  const before = await countEvents();
  await replay(grown("grow1.log"));
  expect(table((await replay(grown("grow2.log"))).output)).toMatchObject({ "stored before": 3, "stored now": 1 });
  expect(table((await replay(grown("grow3.log"))).output)).toMatchObject({ "stored before": 3, sent: 0 });
  expect(table((await replay(grown("grow3.log"), "--source", "web-2")).output)).toMatchObject({ "stored now": 3 });
  expect(await countEvents()).toBe(before + 7);
});

test("a wrong key stops the replay with a message", async () => {
  const { code, output } = await replay(FIXTURE, "--key", "eye_w_wrongwrongwrongwrongwrong");
  expect(code).toBe(1);
  expect(output).toContain("The key is not valid");
});

test.skipIf(!existsSync(REAL_LOG))(
  "the real log: 10,000 lines, 10,000 accepted, 10,000 stored; a second replay stores nothing twice (skipped if it is absent)",
  async () => {
    const before = await countEvents();
    const first = await replay(REAL_LOG);
    expect(first.code, first.output).toBe(0);
    const none = { "lines read": 10_000, "in errors": 0, missing: 0 };
    expect(table(first.output)).toMatchObject({ ...none, "stored before": 0, accepted: 10_000, "stored now": 10_000 });
    expect(await countEvents()).toBe(before + 10_000);
    const second = await replay(REAL_LOG);
    expect(table(second.output), second.output).toMatchObject({ ...none, "stored before": 10_000, sent: 0 });
    expect(await countEvents()).toBe(before + 10_000);
  },
);
