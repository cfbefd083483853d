import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { afterAll, expect, test } from "vitest";
import { noProgress } from "../../../scripts/replay/progress.ts";
import { runReplay } from "../../../scripts/replay/run.ts";
import { FakeService } from "./fake-service.ts";

const FIXTURES = join(import.meta.dirname, "../../fixtures/logs");
const SAMPLES = join(import.meta.dirname, "../../../../shared/data/logs");

const folder = mkdtempSync(join(tmpdir(), "the-eye-run-"));
afterAll(() => rmSync(folder, { recursive: true }));

const fixture = (name: string) => join(FIXTURES, name);

function file(name: string, content: string | Uint8Array): string {
  const path = join(folder, name);
  writeFileSync(path, content);
  return path;
}

/** Runs the command; `code` is its exit code and `output` what it prints on both streams. */
async function replay(service: FakeService, args: string[], input: string | Uint8Array = "") {
  async function* standardInput() {
    yield Buffer.from(input);
  }
  let output = "";
  const print = (text: string) => {
    output += `${text}\n`;
  };
  const world = { io: service.io, standardInput: standardInput(), print, printError: print, startProgress: noProgress };
  const code = await runReplay(args, world);
  const rows = output.matchAll(/^ {0,2}([a-z ]+?) {2,}(\d+)/gm);
  return { code, output, table: Object.fromEntries(Array.from(rows, ([, name, n]) => [name ?? "", Number(n)])) };
}

const sessionsOf = (service: FakeService) => new Set(Array.from(service.events.values(), (event) => event.session_id));

test("different visitors behind a virtual host or proxies do not share a session", async () => {
  const service = new FakeService();
  const vhost = await replay(service, [fixture("vhost.log")]);
  expect(vhost.output).toContain("vhost.log: combined log format with a virtual host before the address");
  expect(sessionsOf(service).size).toBe(3);
  const xff = await replay(service, [fixture("xff.log")]);
  expect(xff.output).toContain("a list of proxies");
  // Three visitors, and two lines without an address.
  expect(sessionsOf(service).size).toBe(3 + 3 + 2);
  expect(xff.output).toContain("2 lines: no visitor's address");
});

test("two servers' files lose no line if each has a source, and otherwise the summary says what to do", async () => {
  const service = new FakeService();
  await replay(service, [fixture("srv-a.log")]);
  const same = await replay(service, [fixture("srv-b.log")]);
  expect(same.table).toMatchObject({ "lines read": 2, "stored before": 1, sent: 1, "stored now": 1 });
  expect(same.output).toMatch(/1 of 2 lines were stored before, under the source "default".*--source and a name/);
  const other = await replay(service, [fixture("srv-b.log"), "--source", "b"]);
  expect(other.table).toMatchObject({ "stored before": 0, "stored now": 2 });
  expect(service.events.size).toBe(5);
});

test("a file that has grown or lost its beginning duplicates and moves no event", async () => {
  const service = new FakeService();
  await replay(service, [fixture("grow1.log")]);
  const before = new Map(service.events);
  const grown = await replay(service, [fixture("grow2.log")]);
  expect(grown.table).toMatchObject({ "stored before": 3, "stored now": 1 });
  const cut = await replay(service, [fixture("grow3.log")]);
  expect(cut.table).toMatchObject({ "stored before": 3, sent: 0 });
  expect([cut.code, service.events.size]).toEqual([0, 4]);
  for (const [id, event] of before) expect(service.events.get(id)?.session_id).toBe(event.session_id);
  expect(sessionsOf(service).size).toBe(2);
});

test("overlapping files in one command store each line once, and count the others as stored before", async () => {
  const service = new FakeService();
  service.delayMs = 2_000;
  const { code, table } = await replay(service, [fixture("grow1.log"), fixture("grow2.log"), fixture("grow1.log")]);
  expect(table).toMatchObject({ "lines read": 10, "stored before": 6, sent: 4, "stored now": 4, missing: 0 });
  expect([code, service.events.size]).toEqual([0, 4]);
});

test("reads standard input and gzip, and refuses a folder", async () => {
  const service = new FakeService();
  const text = readFileSync(fixture("vhost.log"));
  const input = await replay(service, ["-"], text);
  expect(input.table).toMatchObject({ "lines read": 3, "stored now": 3 });
  const packed = await replay(service, [file("vhost.log.1.gz", gzipSync(text))]);
  expect(packed.output).toContain("compressed with gzip");
  expect(packed.table).toMatchObject({ "stored before": 3, sent: 0 });
  const dir = await replay(service, [folder]);
  expect([dir.code, dir.output]).toEqual([
    2,
    `${folder} is a folder. Name its files, oldest first, such as ${folder}/*.log\n`,
  ]);
});

test("a file of which nothing is understood ends with 3, a guess and the first line", async () => {
  const service = new FakeService();
  const { code, output } = await replay(service, [
    file("app.log", "2026/03/05 12:00:00 [error] 12#12: open() failed\n".repeat(3)),
  ]);
  expect(code).toBe(3);
  expect(output).toMatch(/is not understood: of its first 3 lines, 0 are.*Nothing of it was sent/);
  expect(output).toContain("It looks like the error log of nginx.");
  expect(output).toContain("  2026/03/05 12:00:00 [error] 12#12: open() failed");
  expect(output).not.toContain("It adds up.");
  expect(service.requests).toEqual([]);
});

test("a file that is not understood does not keep the others from being sent", async () => {
  const service = new FakeService();
  const { code, output, table } = await replay(service, [file("x.log", "x\ny\n"), fixture("vhost.log")]);
  expect([code, table["stored now"]]).toEqual([3, 3]);
  expect(output).toMatch(/It does not add up: .*x\.log is not understood\./);
});

test.each([
  ["nginx.json.log", 3],
  ["caddy.json.log", 2],
  ["traefik.json.log", 2],
  ["iis.log", 2],
  ["cloudfront.log", 1],
  ["alb.log", 3],
  ["traefik.log", 3],
  ["quotes.log", 7],
])("%s adds up", async (name, lines) => {
  const service = new FakeService();
  const { code, output, table } = await replay(service, [fixture(name)]);
  expect(output).toContain("It adds up.");
  expect([code, table["stored now"]]).toEqual([0, lines]);
});

test("reads a byte order mark and Latin-1", async () => {
  const service = new FakeService();
  const line = '203.0.113.92 - - [05/Mar/2026:14:20:00 +0000] "GET /0 HTTP/1.1" 200 512 "-" "café"\r\n';
  expect((await replay(service, [file("bom.log", `\uFEFF${line}`)])).table).toMatchObject({
    "not understood": 0,
    "stored now": 1,
  });
  // The same text, with either encoding and with or without a byte order mark.
  const latin = await replay(service, [file("latin1.log", Buffer.from(line, "latin1"))]);
  expect(latin.table).toMatchObject({ "stored before": 1 });
  expect(latin.output).toContain("1 line: not UTF-8, read as Latin-1");
});

test("names lines that are not understood by number, and shows the first", async () => {
  const service = new FakeService();
  const good = readFileSync(fixture("vhost.log"), "utf8");
  const { code, output } = await replay(service, [file("mixed.log", `${good}no line\n\n`)]);
  expect(code).toBe(0);
  expect(output).toMatch(/not understood +1 {2}line 4/);
  expect(output).toMatch(/Not understood, .*mixed\.log line 4: no line/);
});

test("--dry-run sends nothing", async () => {
  const service = new FakeService();
  const { code, output, table } = await replay(service, [fixture("vhost.log"), "--dry-run"]);
  expect([code, table["to be sent"], service.requests]).toEqual([0, 3, []]);
  expect(output).toContain("Nothing was sent (--dry-run).");
});

test("a missing event makes the replay fail with a message that says what to do", async () => {
  const service = new FakeService();
  service.loses = (event) => event.data.path === "/b";
  const { code, output, table } = await replay(service, [fixture("vhost.log"), "--timeout", "3"]);
  expect([code, table.missing]).toEqual([1, 1]);
  expect(output).toMatch(/Missing, for example: .*--read-key.*run the same command again/s);
  expect(output).toContain("It does not add up.");
});

test("a refusal stops the replay, and the table shows the progress", async () => {
  const service = new FakeService();
  service.intercept = (request) => (request === "POST /theeye/events" ? new Response("no", { status: 401 }) : null);
  const { code, output, table } = await replay(service, [fixture("vhost.log")]);
  expect(code).toBe(1);
  expect(output).toMatch(/The replay stopped\. The key is not valid.*--key/);
  expect(table).toMatchObject({ sent: 3, accepted: 0 });
  expect(output).toContain("It does not add up: the replay stopped before the end.");
});

test("a damaged gzip file ends with 2, and its readable lines are stored", async () => {
  const service = new FakeService();
  const lines = readFileSync(fixture("vhost.log"), "utf8").repeat(2_000);
  const packed = gzipSync(lines);
  const { code, output } = await replay(service, [file("damaged.gz", packed.subarray(0, -8))]);
  expect(code).toBe(2);
  expect(output).toMatch(/damaged\.gz is damaged.*no line is stored twice/);
  expect(output).toMatch(/It does not add up: .*could not be read to the end/);
});

test("handles an empty file, --help, and no file", async () => {
  const service = new FakeService();
  const empty = await replay(service, [file("empty.log", "")]);
  expect([empty.code, empty.output]).toEqual([0, expect.stringContaining("empty.log is empty.")]);
  expect(await replay(service, ["--help"])).toMatchObject({ code: 0, output: expect.stringContaining("--source") });
  expect(await replay(service, [])).toMatchObject({ code: 2, output: expect.stringContaining("Name a file") });
});

test.skipIf(!existsSync(SAMPLES))("the sample logs add up (skipped if they are absent)", async () => {
  for (const name of [
    "bom.log",
    "caddy.json.log",
    "nginx.json.log",
    "quotes.log",
    "traefik.log",
    "vhost.log.gz",
    "xff.log",
  ]) {
    const { code, output } = await replay(new FakeService(), [join(SAMPLES, name)]);
    expect([name, code, output]).toEqual([name, 0, expect.stringContaining("It adds up")]);
  }
});
