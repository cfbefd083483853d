import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { LOCAL_KEYS } from "../../../scripts/start/local-keys.ts";
import { type Edge, startEdge } from "../client/edge.ts";
import type { Stored } from "../client/stored.ts";
import { eventually } from "../service.ts";
import { serviceForTests } from "../service-for-tests.ts";
import { type Sdk, SESSIONS } from "./node/sdk.ts";
import { NODE_SDKS } from "./node-sdks.ts";

const service = serviceForTests();
let edge: Edge;

beforeAll(async () => {
  edge = await startEdge(service.url);
}, 180_000);
afterAll(async () => {
  edge?.close();
});

async function list(path: string): Promise<Stored[]> {
  const response = await fetch(`${service.url}${path}`, { headers: { Authorization: `Bearer ${LOCAL_KEYS.read}` } });
  return ((await response.json()) as { results: Stored[] }).results;
}

/** Stored events with a mark, oldest first. */
async function marked(mark: string): Promise<Stored[]> {
  const events = await list("/theeye/events?limit=1000&order=asc");
  return events.filter((event) => JSON.stringify(event).includes(mark));
}

async function expectEverything({ names, beside = [] }: Sdk, mark: string): Promise<void> {
  const count = SESSIONS.length * (names.length + beside.length);
  const found = await eventually(async () => {
    const events = await marked(mark);
    return events.length >= count ? events : null;
  }, 60_000);
  const sessions = SESSIONS.map((session) => `${mark}-${session}`);
  for (const session of sessions) {
    expect(found.filter((event) => event.session_id === session).map(({ name }) => name)).toEqual(names);
  }
  const others = found.filter((event) => !sessions.includes(event.session_id));
  expect(others.map(({ name }) => name)).toEqual(SESSIONS.flatMap(() => beside));
  expect(found).toHaveLength(count);
  expect(JSON.stringify(found)).not.toContain(LOCAL_KEYS.write);
}

describe.each(NODE_SDKS)("$name", (sdk) => {
  const { name, retries, send } = sdk;
  const markOf = (what: string) => `${name.replace(/\W/g, "")}-${what}`;

  test("delivers everything once and in order, without errors", async () => {
    edge.sent.length = 0;
    const complaints: unknown[] = [];
    await send(edge.url, LOCAL_KEYS.write, markOf("healthy"), (error) => complaints.push(error));
    await expectEverything(sdk, markOf("healthy"));
    expect(complaints).toEqual([]);
    expect((await list("/theeye/errors")).filter((error) => JSON.stringify(error).includes(markOf("healthy")))).toEqual(
      [],
    );
    // No request was sent twice.
    expect(new Set(edge.sent).size).toBe(edge.sent.length);
  });

  test("with a wrong key stops at the first refusal, and nothing is stored", async () => {
    edge.sent.length = 0;
    await send(edge.url, `eye_w_${"x".repeat(32)}`, markOf("wrong"), () => undefined);
    await new Promise((resolve) => setTimeout(resolve, 3_000));
    expect(new Set(edge.sent).size).toBe(edge.sent.length);
    expect(await marked(markOf("wrong"))).toEqual([]);
  });

  test.skipIf(!retries).each([503, 429])("retries after a first answer of %i", async (status) => {
    edge.sent.length = 0;
    let count = 0;
    edge.fault = () => (count++ === 0 ? { status, headers: { "Retry-After": "1" } } : undefined);
    const complaints: unknown[] = [];
    await send(edge.url, LOCAL_KEYS.write, markOf(String(status)), (error) => complaints.push(error));
    edge.fault = () => undefined;
    await expectEverything(sdk, markOf(String(status)));
    expect(complaints).toEqual([]);
  });
});
