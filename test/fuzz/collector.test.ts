import { createExecutionContext } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { beforeAll, expect, it } from "vitest";
import { fuzzBody } from "../../scripts/fuzz/bodies";
import { fuzzVendorRequest, MARK } from "../../scripts/fuzz/vendor-requests";
import { createApp } from "../../src/api/app";
import { DIALECTS } from "../../src/ingest/dialects/dialects";
import { consume } from "../../src/pipeline/consumer";
import { seedLocalKeys } from "../http/auth/seed";
import { allEvents, batchOf, databases, pipelineWith, storedErrors } from "../pipeline/harness";
import { seeded } from "../simulation/world/random";

/** `FUZZ_SEED` of a longer run can be put here; `npm run fuzz` takes any. */
const SEEDS = [1, 2, 3];
const REQUESTS = 60;

const app = createApp();

beforeAll(seedLocalKeys);

/** What the queue was given, in place of the platform's queue, whose time nobody knows. */
function capturing(sent: string[]): Env {
  const take = (body: unknown) => sent.push(String(body));
  const events = new Proxy(env.EVENTS, {
    get(target, member) {
      if (member === "send") return async (body: unknown) => void take(body);
      if (member === "sendBatch") {
        return async (batch: Iterable<{ body: unknown }>) => {
          for (const { body } of batch) take(body);
        };
      }
      return Reflect.get(target, member);
    },
  });
  return { ...env, EVENTS: events };
}

async function consumeAll(sent: readonly string[]): Promise<void> {
  const retried: number[] = [];
  for (let from = 0; from < sent.length; from += 100) {
    const { batch, acked } = batchOf(sent.slice(from, from + 100));
    await consume(batch, pipelineWith({ now: () => Date.now() * 1_000 }));
    if (acked.length !== batch.messages.length) retried.push(from);
  }
  expect(retried).toEqual([]);
}

it.each(SEEDS)(
  "answers nothing with 5xx and accounts for every event that it accepts (seed %i)",
  async (seed) => {
    const random = seeded(seed);
    const sent: string[] = [];
    const bindings = capturing(sent);
    const accepted = new Set<string>();
    const statuses = new Set<number>();
    for (let number = 0; number < REQUESTS; number++) {
      const { body, contentType } = fuzzBody(random, `${seed}-${number}`);
      const headers = new Headers({ Authorization: "Bearer eye_w_local" });
      if (contentType !== null) headers.set("Content-Type", contentType);
      const request = new Request("https://eye.example/theeye/events", { method: "POST", headers, body });
      const response = await app.fetch(request, bindings, createExecutionContext());
      statuses.add(response.status);
      expect(response.status, `request ${number} of seed ${seed}`).toBeLessThan(500);
      if (response.status === 202) {
        for (const id of ((await response.json()) as { ids: string[] }).ids) accepted.add(id);
      } else {
        expect(await response.json()).toMatchObject({ status: response.status, code: expect.any(String) });
      }
    }
    expect(statuses).toContain(202);
    expect(accepted.size).toBeGreaterThan(REQUESTS);

    await consumeAll(sent);
    const stored = (await allEvents()).map(({ id }) => id);
    const failed = (await storedErrors([...accepted])).map(({ event_id: id }) => id);
    const found = new Set([...stored, ...failed]);
    expect([...accepted].filter((id) => !found.has(id))).toEqual([]);
  },
  120_000,
);

/** The marks in all events and errors, whole and in pieces. */
async function storedMarks(): Promise<Set<string>> {
  const texts = (await allEvents()).map((event) => JSON.stringify(event));
  for (const { binding } of databases) {
    const { results } = await binding
      .prepare(
        "SELECT coalesce(content, (SELECT group_concat(error_parts.content, '' ORDER BY part) FROM error_parts WHERE error_parts.id = errors.id)) AS content FROM errors",
      )
      .all<{ content: string | null }>();
    for (const { content } of results) texts.push(content ?? "");
  }
  return new Set(texts.flatMap((text) => text.match(MARK) ?? []));
}

it.each(SEEDS)(
  "answers nothing of other vendors' SDKs with 5xx and loses no event of theirs (seed %i)",
  async (seed) => {
    const random = seeded(seed);
    const sent: string[] = [];
    const bindings = capturing(sent);
    const accepted = new Map<string, string>();
    for (let number = 0; number < REQUESTS; number++) {
      const { path, method, headers, body, marks } = fuzzVendorRequest(random, seed, number);
      const request = new Request(`https://eye.example${path}`, { method, headers, body });
      const response = await app.fetch(request, bindings, createExecutionContext());
      expect(response.status, `request ${number} of seed ${seed}: ${path}`).toBeLessThan(500);
      if (response.ok) for (const mark of marks) accepted.set(mark, path);
    }
    expect(accepted.size).toBeGreaterThan(REQUESTS);
    expect(new Set(accepted.values()).size).toBeGreaterThan(10);

    await consumeAll(sent);
    const found = await storedMarks();
    expect([...accepted].filter(([mark]) => !found.has(mark))).toEqual([]);
  },
  120_000,
);

it("sends requests to a path of every dialect", () => {
  const random = seeded(1);
  const paths = Array.from({ length: REQUESTS * 10 }, (_, number) => {
    const { pathname } = new URL(fuzzVendorRequest(random, 1, number).path, "http://eye.example");
    return pathname.replace(/\/$/, "");
  });
  for (const dialect of DIALECTS) {
    expect(
      dialect.paths.some((path) => paths.includes(path.replace(/\/$/, ""))),
      dialect.paths.join(" "),
    ).toBe(true);
  }
});
