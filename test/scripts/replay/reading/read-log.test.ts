import { existsSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { LineIds } from "../../../../scripts/replay/events/line-ids.ts";
import type { PageView } from "../../../../scripts/replay/events/page-view.ts";
import { formatNamed } from "../../../../scripts/replay/formats/formats.ts";
import { emptyReport, isMisunderstood, misunderstanding } from "../../../../scripts/replay/reading/file-report.ts";
import { openInput } from "../../../../scripts/replay/reading/open-input.ts";
import { type ReadOptions, readLog } from "../../../../scripts/replay/reading/read-log.ts";

const REAL_LOG = join(import.meta.dirname, "../../../../../shared/data/access.log");

const LINE = '203.0.113.1 - - [01/Jan/2020:00:00:00 +0000] "GET / HTTP/1.1" 200 5 "-" "agent"';

const OPTIONS: ReadOptions = { source: "web-1", format: null, skip: { assets: false, bots: false } };

async function read(content: string | Uint8Array | null, change: Partial<ReadOptions> = {}, name = "-") {
  async function* standardInput() {
    yield typeof content === "string" ? Buffer.from(content) : (content ?? new Uint8Array());
  }
  const report = emptyReport(name);
  const input = await openInput(name, standardInput());
  const events: PageView[] = [];
  for await (const chunk of readLog(input, { ...OPTIONS, ...change }, new LineIds("web-1"), report))
    events.push(...chunk);
  return { report, events };
}

test("a line becomes a page view with all values of the log", async () => {
  const { events } = await read(
    'shop.example:443 203.0.113.1 - - [01/Jan/2020:00:00:00 +0000] "GET /a?b=1 HTTP/1.1" 404 5 "https://b.example/" "agent" 1 "r" "u" 22ms\n',
  );
  expect(events).toEqual([
    {
      id: expect.any(String),
      session_id: expect.any(String),
      visitor_id: expect.any(String),
      category: "page interaction",
      name: "pageview",
      timestamp: "2020-01-01T00:00:00.000000Z",
      data: {
        method: "GET",
        path: "/a?b=1",
        status: 404,
        bytes: 5,
        referrer: "https://b.example/",
        user_agent: "agent",
        host: "shop.example",
        duration_ms: 22,
      },
      context: { source: "web-1" },
    },
  ]);
});

test("strangers behind what a collector puts before a line do not share a session", async () => {
  const other = LINE.replace("203.0.113.1", "203.0.113.2");
  for (const prefix of ["Mar  5 10:00:01 web-1 nginx[12]: ", "web-1  | ", "2026-03-05T10:00:01.1Z stdout F "]) {
    const { report, events } = await read(`${prefix}${LINE}\n${prefix}${other}\n${prefix}${LINE}\n`);
    expect(report).toMatchObject({ format: "combined log format", events: 3, notUnderstood: 0, anonymous: 0 });
    expect(new Set(events.map((event) => event.session_id)).size).toBe(2);
    expect(new Set(events.map((event) => event.id)).size).toBe(3);
  }
});

test("a file whose lines end with carriage returns alone is not understood, with the command that helps", async () => {
  const { report, events } = await read([LINE, LINE, LINE].join("\r"));
  expect(events).toEqual([]);
  expect(isMisunderstood(report)).toBe(true);
  expect(misunderstanding(report)).toContain("tr '\\r' '\\n' < FILE | npm run replay -- -");
  const one = await read(`${LINE}\r\n${LINE}\n${LINE}\r${LINE}\n${LINE}\r\n`);
  expect(one.report).toMatchObject({ lines: 4, notUnderstood: 1, notUnderstoodLines: [3], events: 3 });
});

test("equal lines of two days are different events if only a directive has the day", async () => {
  const day = (date: string) => `#Date: ${date}\n#Fields: time c-ip cs-uri-stem\n10:00:00 203.0.113.1 /\n`;
  const both = await read(day("2026-03-05") + day("2026-03-06"));
  const second = await read(day("2026-03-06"));
  expect(both.events.map(({ timestamp }) => timestamp.slice(0, 10))).toEqual(["2026-03-05", "2026-03-06"]);
  expect(second.events[0]?.id).toBe(both.events[1]?.id);
});

test("equal lines are different events of one session", async () => {
  const { events } = await read(`${LINE}\n${LINE}\n`);
  expect(new Set(events.map((event) => event.id)).size).toBe(2);
  expect(new Set(events.map((event) => event.session_id)).size).toBe(1);
});

test("blank lines, directives and lines that are not understood are counted, with their numbers", async () => {
  const { report } = await read(`\n${LINE}\nnonsense\n  \n${LINE}\n`);
  expect(report).toMatchObject({ lines: 5, blank: 2, notUnderstood: 1, notUnderstoodLines: [3], events: 2 });
  expect(report.firstUnknown).toEqual({ number: 3, text: "nonsense" });
  expect(isMisunderstood(report)).toBe(false);
});

test("a file of which most lines are not understood yields nothing, and the report has a guess and the first such line", async () => {
  const { report, events } = await read(`${LINE}\n${"2026/03/05 12:00:00 [error] x\u001b[2J\n".repeat(3)}`);
  expect(events).toEqual([]);
  expect(report.refused).toMatchObject({ understood: 1, considered: 4 });
  expect(misunderstanding(report)).toMatch(
    /of its first 4 lines, 1 are .* Nothing of it was sent\.\nIt looks like the error log of nginx.*\n.*line 2:\n {2}2026.*x·\[2J\n.*--format: combined/,
  );
});

test("a file whose format changes after its first lines is reported as not understood at the end", async () => {
  const { report, events } = await read(`${`${LINE}\n`.repeat(250)}${"?\n".repeat(300)}`);
  expect(events).toHaveLength(250);
  expect(isMisunderstood(report)).toBe(true);
  expect(misunderstanding(report)).toMatch(/taken for combined log format, but 300 of its 550 lines are not that/);
});

test("a named format is tried on every line", async () => {
  const { report, events } = await read(`${"?\n".repeat(300)}${`${LINE}\n`.repeat(301)}`, {
    format: formatNamed("common"),
  });
  expect(events).toHaveLength(301);
  expect(report.refused).toBeNull();
  expect(isMisunderstood(report)).toBe(false);
});

test("a last line that is still being written is skipped until it has grown", async () => {
  for (const cut of [-3, -9, -12]) {
    const { report, events } = await read(`${LINE}\n${LINE.replace("GET /", "GET /2").slice(0, cut)}`);
    expect([cut, events.length, report.unfinished]).toEqual([cut, 1, 1]);
  }
  const whole = await read(`${LINE}\n${LINE}`);
  expect([whole.events.length, whole.report.unfinished]).toEqual([2, 0]);
});

test("a cut user agent within a file is kept, because the logger cut it", async () => {
  const { events } = await read(`${LINE}\n${LINE.slice(0, -3)}\n${LINE}\n`);
  expect(events.map((event) => event.data.user_agent)).toEqual(["agent", "age", "agent"]);
});

test("lines of another encoding and without an address are counted", async () => {
  const { report, events } = await read(
    Buffer.from(`${LINE.replace("agent", "caf\xe9")}\n${LINE.replace("203.0.113.1", "-")}\n`, "latin1"),
  );
  expect(report).toMatchObject({ latin1: 1, anonymous: 1 });
  expect(events.map((event) => [event.data.user_agent, "visitor_id" in event])).toEqual([
    ["café", true],
    ["agent", false],
  ]);
});

test("assets and bots are skipped if requested, and counted", async () => {
  const browser = LINE.replace('"agent"', '"Mozilla/5.0 (X11; Linux x86_64; rv:131.0) Gecko/20100101 Firefox/131.0"');
  const lines = [
    browser,
    browser.replace("GET /", "GET /a.css?v=1"),
    LINE.replace('"agent"', '"Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)"'),
  ].join("\n");
  expect((await read(lines)).events).toHaveLength(3);
  const { report, events } = await read(lines, { skip: { assets: true, bots: true } });
  expect(report).toMatchObject({ assets: 1, bots: 1, events: 1 });
  expect(events).toHaveLength(1);
});

test("a line has the same id whether or not others are skipped", async () => {
  const css = LINE.replace("GET /", "GET /a.css");
  const all = await read(`${css}\n${LINE}\n${css}\n${LINE}\n`);
  const pages = await read(`${css}\n${LINE}\n${css}\n${LINE}\n`, { skip: { assets: true, bots: false } });
  expect(pages.events.map(({ id }) => id)).toEqual([all.events[1]?.id, all.events[3]?.id]);
});

test.skipIf(!existsSync(REAL_LOG))("every line of the real log is understood (skipped if it is absent)", async () => {
  const { report, events } = await read(null, {}, REAL_LOG);
  expect(report).toMatchObject({
    lines: 10_000,
    blank: 0,
    notUnderstood: 0,
    anonymous: 0,
    format: "combined log format",
  });
  expect(new Set(events.map((event) => event.id)).size).toBe(10_000);
});
