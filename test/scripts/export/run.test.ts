import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { stateFileOf } from "../../../scripts/export/export-state.ts";
import { noProgress } from "../../../scripts/export/progress.ts";
import { runExport } from "../../../scripts/export/run.ts";

let folder: string;
let printed: string[];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "the-eye-export-"));
  printed = [];
});
afterEach(() => rmSync(folder, { recursive: true }));

const EVENTS = Array.from({ length: 10 }, (_, n) => `{"id":"e${n}","text":"é"}`);

/** Answers with parts of three events, in chunks that end anywhere. `faults` are the failures of the requests. */
function serve(faults: ("cut" | "down" | "refused" | "none")[], asked: string[] = []): typeof fetch {
  return async (input) => {
    const url = new URL(String(input));
    asked.push(url.search);
    const fault = faults.shift() ?? "none";
    if (fault === "down") throw new TypeError("fetch failed");
    if (fault === "refused") return Response.json({ code: "unauthorized" }, { status: 401 });
    const isCsv = url.searchParams.get("format") === "csv";
    const from = Number(url.searchParams.get("cursor") ?? 0);
    const some = EVENTS.slice(from, from + 3);
    const to = from + some.length;
    const next =
      to < EVENTS.length
        ? `https://elsewhere.example/theeye/exports?format=${isCsv ? "csv" : "ndjson"}&cursor=${to}`
        : null;
    const trailer = `${isCsv ? "# " : ""}${JSON.stringify({ export: { events: some.length, next } })}\n`;
    const text = `${isCsv ? "id,text\r\n" : ""}${some.join("\n")}\n${fault === "cut" ? "" : trailer}`;
    const bytes = new TextEncoder().encode(text);
    const body = new ReadableStream<Uint8Array>({
      start(controller) {
        for (let n = 0; n < bytes.length; n += 7) controller.enqueue(bytes.slice(n, n + 7));
        controller.close();
      },
    });
    return new Response(body);
  };
}

function run(args: string[], fetchPart: typeof fetch): Promise<number> {
  return runExport(args, {
    io: { fetch: fetchPart, pause: async () => undefined, now: Date.now },
    environment: {},
    print: (text) => printed.push(text),
    printError: (text) => printed.push(text),
    startProgress: noProgress,
  });
}

describe("npm run export", () => {
  test("writes all parts into one file, without their trailers", async () => {
    const out = join(folder, "events.ndjson");
    expect(await run(["--out", out, "--start", "2021-01-01"], serve([]))).toBe(0);
    expect(readFileSync(out, "utf8")).toBe(`${EVENTS.join("\n")}\n`);
    expect(existsSync(stateFileOf(out))).toBe(false);
    expect(printed).toEqual([`10 events in ${out}`]);
  });

  test("keeps one header line in CSV", async () => {
    const out = join(folder, "events.csv");
    expect(await run(["--out", out], serve([]))).toBe(0);
    expect(readFileSync(out, "utf8")).toBe(`id,text\r\n${EVENTS.join("\n")}\n`);
  });

  test("compresses a file that ends with .gz", async () => {
    const out = join(folder, "events.ndjson.gz");
    expect(await run(["--out", out], serve(["none", "cut"]))).toBe(0);
    expect(gunzipSync(readFileSync(out)).toString()).toBe(`${EVENTS.join("\n")}\n`);
  });

  test("retries a part that was cut off or not answered", async () => {
    const out = join(folder, "events.ndjson");
    expect(await run(["--out", out], serve(["cut", "none", "down", "cut"]))).toBe(0);
    expect(readFileSync(out, "utf8")).toBe(`${EVENTS.join("\n")}\n`);
  });

  test("continues where it stopped after an interruption", async () => {
    const out = join(folder, "events.ndjson");
    expect(await run(["--out", out], serve(["none", "none", "refused"]))).toBe(1);
    expect(printed.at(-1)).toContain("answered 401");
    writeFileSync(out, `${readFileSync(out, "utf8")}{"id":"half a li`);
    const asked: string[] = [];
    expect(await run(["--out", out], serve([], asked))).toBe(0);
    expect(asked[0]).toContain("cursor=6");
    expect(readFileSync(out, "utf8")).toBe(`${EVENTS.join("\n")}\n`);
  });

  test("continues if it stopped within the first part, with another key or address too", async () => {
    const out = join(folder, "events.ndjson");
    expect(await run(["--out", out], serve(["refused"]))).toBe(1);
    expect(await run(["--out", out, "--key", "eye_r_right", "--url", "http://other.example"], serve([]))).toBe(0);
    expect(readFileSync(out, "utf8")).toBe(`${EVENTS.join("\n")}\n`);
  });

  test("says why the service cannot be reached, at the first try and at the end", async () => {
    const failing: typeof fetch = async () => {
      throw new TypeError("fetch failed", { cause: Object.assign(new Error("refused"), { code: "ECONNREFUSED" }) });
    };
    expect(await run(["--out", join(folder, "x"), "--url", "http://localhost:9"], failing)).toBe(1);
    const why = "http://localhost:9 cannot be reached (ECONNREFUSED).";
    expect(printed).toEqual([expect.stringContaining(why), expect.stringContaining(`The export stopped: ${why}`)]);
  });

  test("says that a file cannot be written", async () => {
    for (const out of [join(folder, "none", "x.csv"), folder]) {
      expect(await run(["--out", out, "--force"], serve([]))).toBe(2);
      expect(printed.at(-1)).toContain(`${out} cannot be written`);
    }
  });

  test("does not overwrite a file of another export", async () => {
    const out = join(folder, "events.ndjson");
    writeFileSync(out, "mine");
    expect(await run(["--out", out], serve([]))).toBe(2);
    expect(readFileSync(out, "utf8")).toBe("mine");
    expect(await run(["--out", out, "--force"], serve([]))).toBe(0);
    expect(readFileSync(out, "utf8")).toBe(`${EVENTS.join("\n")}\n`);
    expect(await run(["--out", join(folder, "x"), "--force"], serve(["none", "refused"]))).toBe(1);
    expect(await run(["--out", join(folder, "x"), "--name", "pageview"], serve([]))).toBe(2);
  });

  test.each([[[]], [["--out", "x", "--part", "0"]], [["--out", "x", "--format", "xml"]], [["--what"]]])(
    "says what is wrong with %j",
    async (args) => {
      expect(await run(args, serve([]))).toBe(2);
      expect(printed[0]).toContain("npm run export");
    },
  );
});
