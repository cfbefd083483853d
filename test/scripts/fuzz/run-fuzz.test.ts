import type { RequestListener } from "node:http";
import { beforeEach, expect, test } from "vitest";
import { runFuzz } from "../../../scripts/fuzz/run-fuzz.ts";
import type { LocalService } from "../../../scripts/shared/local-service.ts";
import { bodyOf, listen } from "../local-server.ts";

/** A service that accepts everything, stores the text of each request under an id, and answers as a test says. */
let stored: { id: string; text: string }[] = [];
let status: (path: string) => number = () => 202;
let loses: (id: string, text: string) => boolean = () => false;
let runs: string[] = [];
const printed: string[] = [];

let url = "";

const answer: RequestListener = async (request, response) => {
  const path = request.url ?? "";
  const text = String(await bodyOf(request));
  response.setHeader("Content-Type", "application/json");
  if (request.method === "GET" && path.startsWith("/theeye/e")) {
    const isEvents = path.startsWith("/theeye/events");
    const results = stored.filter((_, n) => (n % 2 === 0) === isEvents);
    const rows = results.map(({ id, text: data }) => (isEvents ? { id, data } : { event_id: id, event: data }));
    response.end(JSON.stringify({ results: rows, next: null }));
    return;
  }
  const code = status(path);
  const id = `id-${stored.length}`;
  if (code === 202 && !loses(id, path + text)) stored.push({ id, text: path + text });
  else if (code === 202) stored.push({ id: `other than ${id}`, text: "lost" });
  response.writeHead(code).end(JSON.stringify({ accepted: 1, ids: [id] }));
};

beforeEach(async () => {
  stored = [];
  runs = [];
  printed.length = 0;
  status = () => 202;
  loses = () => false;
  ({ url } = await listen(answer));
});

async function start(): Promise<LocalService> {
  runs.push("start");
  return {
    url,
    stop: async () => void runs.push("stop"),
    kill: async () => undefined,
  };
}

const fuzz = (requests = 60) => runFuzz({ minutes: 1, requests, seed: 3 }, start, (line) => void printed.push(line));

test("has no problems if every accepted event is stored or among the errors", async () => {
  expect(await fuzz()).toEqual([]);
  expect(stored).toHaveLength(60);
  expect(printed[0]).toBe("60 requests: 60 × 202");
});

test("reads what is stored from a service that was stopped and started again", async () => {
  await fuzz(1);
  expect(runs).toEqual(["start", "stop", "start", "stop"]);
});

test("names each event that was accepted by its id and is nowhere", async () => {
  loses = (_, text) => !text.includes("fz3z");
  const problems = await fuzz();
  expect(problems.length).toBeGreaterThan(20);
  expect(problems).toContainEqual(
    expect.stringMatching(/^the event id-\d+ of request \d+ is neither stored nor among the errors$/),
  );
});

test("names each marked event of another vendor's SDK that is nowhere", async () => {
  loses = (_, text) => text.includes("fz3z");
  const problems = await fuzz();
  expect(problems.length).toBeGreaterThan(20);
  expect(problems).toContainEqual(
    expect.stringMatching(/^the event fz3z\d+z\d+zf of \/\S+ is in no event and no error: /),
  );
});

test("reports failures of the service, and expects nothing of refused requests", async () => {
  status = (path) => (path.startsWith("/theeye/events") ? 500 : 400);
  const problems = await fuzz();
  expect(problems.length).toBeGreaterThan(10);
  for (const problem of problems) expect(problem).toMatch(/^request \d+ was answered with 500: /);
});
