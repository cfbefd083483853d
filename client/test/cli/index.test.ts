import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { listen } from "../../../test/scripts/local-server.ts";
import { main } from "../../src/cli/index.js";

let folder = "";
let out = "";
let printed: string[] = [];
let schema: object = { type: "object" };

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "the-eye-cli-"));
  out = join(folder, "eye-events.ts");
  printed = [];
  schema = { type: "object" };
  vi.spyOn(console, "error").mockImplementation((text) => void printed.push(String(text)));
});
afterEach(() => {
  rmSync(folder, { recursive: true });
  vi.restoreAllMocks();
  vi.unstubAllEnvs();
});

/** A service with one registered event type, for one key. */
async function service(): Promise<string> {
  const type = { category: "checkout", name: "order placed", registered: true, mode: "report" };
  const { url } = await listen((request, response) => {
    const isKnown = request.headers.authorization === "Bearer the-key";
    const isList = request.url?.startsWith("/theeye/event-types?") === true;
    response.statusCode = isKnown ? 200 : 401;
    response.end(JSON.stringify(isList ? { results: [type], next: null } : { ...type, schema, description: null }));
  });
  return url;
}

test("writes the types, and leaves a file alone that has them", async () => {
  const args = ["types", "--url", await service(), "--key", "the-key", "--out", out];
  expect(await main(args)).toBe(0);
  const text = readFileSync(out, "utf8");
  expect(text).toContain('"order placed"');
  writeFileSync(out, text.replaceAll("\n", "\r\n"));
  expect(await main(args)).toBe(0);
  expect(readFileSync(out, "utf8")).toContain("\r\n");
  expect(printed).toEqual([]);
});

test("only compares with --check", async () => {
  const args = ["types", "--url", await service(), "--key", "the-key", "--out", out];
  expect(await main([...args, "--check"])).toBe(1);
  expect(printed.join()).toContain(`${out} differs from the registered event types. Run: npx the-eye types`);
  await main(args);
  const before = readFileSync(out, "utf8");
  expect(await main([...args, "--check"])).toBe(0);
  schema = { type: "object", properties: { total: { type: "number" } } };
  expect(await main([...args, "--check"])).toBe(1);
  expect(readFileSync(out, "utf8")).toBe(before);
});

test("reads the address and the key from the environment", async () => {
  vi.stubEnv("THE_EYE_URL", await service());
  vi.stubEnv("THE_EYE_KEY", "the-key");
  expect(await main(["types", "--out", out])).toBe(0);
});

test("fails with what the service answers", async () => {
  expect(await main(["types", "--url", await service(), "--key", "wrong", "--out", out])).toBe(1);
  expect(printed.join()).toMatch(/answered 401/);
});

test.each([
  [["--help"], 0],
  [[], 2],
  [["types"], 2],
  [["types", "more", "--url", "http://x", "--key", "k"], 2],
  [["types", "--what"], 2],
])("explains itself: %j", async (args, code) => {
  vi.stubEnv("THE_EYE_URL", undefined);
  vi.stubEnv("THE_EYE_KEY", undefined);
  expect(await main(args)).toBe(code);
  expect(printed.join()).toContain("the-eye types --url URL --key KEY");
});
