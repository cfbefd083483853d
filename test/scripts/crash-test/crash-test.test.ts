import type { RequestListener } from "node:http";
import { beforeEach, expect, test } from "vitest";
import { crashTest } from "../../../scripts/crash-test/crash-test.ts";
import type { LocalService } from "../../../scripts/shared/local-service.ts";
import { bodyOf, listen } from "../local-server.ts";

interface Sent {
  id: string;
}

/** A service in memory. `keep` decides how often an event is stored that was sent, counting from 0. */
let sent: Map<string, number>;
let stored: string[];
let errors: string[];
let extra: number;
let keep: (id: string, time: number) => number;
let kills: number;
let url: string;

const answer: RequestListener = async (request, response) => {
  const list = (ids: string[]) => JSON.stringify({ results: ids.map((id) => ({ id })), next: null });
  if (request.method === "POST") {
    const events: Sent[] = JSON.parse(String(await bodyOf(request)));
    for (const { id } of events) {
      const time = sent.get(id) ?? 0;
      sent.set(id, time + 1);
      for (let n = keep(id, time); n > 0; n--) stored.push(id);
    }
    response.writeHead(202).end();
  } else if (request.url?.startsWith("/theeye/stats")) {
    response.end(JSON.stringify({ total: { total: stored.length + extra } }));
  } else response.end(list(request.url?.startsWith("/theeye/errors") ? errors : stored));
};

beforeEach(async () => {
  sent = new Map();
  [stored, errors, extra, kills] = [[], [], 0, 0];
  keep = (_, time) => (time === 0 ? 1 : 0);
  ({ url } = await listen(answer));
});

async function start(): Promise<LocalService> {
  const kill = async () => void kills++;
  return { url, kill, stop: async () => undefined };
}

/** The kill follows within a millisecond; with other seeds within four seconds. */
const SEED = 195;

const crash = () => crashTest({ rounds: 1, events: 60, seed: SEED }, start, () => undefined);

test("sends all events again after the kills, and is satisfied if each is stored once", async () => {
  const { ok, lines } = await crash();
  expect(ok).toBe(true);
  expect(kills).toBe(1);
  expect(sent.size).toBe(60);
  expect(lines[1]).toBe("60 are stored: 0 lost, 0 stored twice, 0 among the errors. The counts add up to 60.");
  expect(lines.at(-1)).toBe("No event is lost, and none is stored twice.");
});

test.each<[string, () => void, RegExp]>([
  ["a lost event", () => (keep = (id, time) => (time === 0 && id !== "0-7" ? 1 : 0)), /59 are stored: 1 lost/],
  ["an event stored twice", () => (keep = (id) => (id === "0-7" ? 2 : 1)), / 0 lost, [1-9]\d* stored twice/],
  ["an event among the errors", () => (errors = ["error"]), / 1 among the errors/],
  ["counts that differ from the rows", () => (extra = 1), /60 are stored: .* The counts add up to 61\./],
])("reports %s", async (_, breakIt, line) => {
  breakIt();
  const { ok, lines } = await crash();
  expect(ok).toBe(false);
  expect(lines[1]).toMatch(line);
  expect(lines.at(-1)).toBe("The result is wrong.");
});
