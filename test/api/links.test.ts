import { env } from "cloudflare:workers";
import * as v from "valibot";
import { beforeAll, describe, expect, it } from "vitest";
import { databasesOf } from "../../src/storage/core/databases";
import { seedLocalKeys } from "../http/auth/seed";
import { errorRow, eventRow, store } from "../storage/seed";
import { ask } from "./ask";

const PREFIX = "/x7k";

const prefixed: Env = { ...env, PATH_PREFIX: PREFIX as "" };

beforeAll(async () => {
  await seedLocalKeys();
  await store(databasesOf(env), {
    events: [eventRow({ session: "s", id: "1" }), eventRow({ session: "s", id: "2" })],
    errors: [errorRow({ id: "error-1", session: "s", eventId: "failed" })],
  });
  // As if there were too many events for an answer at once.
  for (const { binding } of databasesOf(env)) {
    await binding.prepare("UPDATE counts SET events = events + 1000000").run();
  }
});

interface Case {
  path: string;
  init?: RequestInit;
  /** Where in the answer the link is. */
  link: (response: Response, body: Record<string, unknown>) => unknown;
  status: number;
}

const body = (value: unknown, method = "POST") => ({ method, body: JSON.stringify(value) });
const location = (response: Response) => response.headers.get("Location");
const type = (_: Response, { type: link }: Record<string, unknown>) => link;

const RANGE = "start_date=2021-01-01&end_date=2021-01-02";
const FUNNEL = { steps: [{}, {}], start_date: "2021-01-01", end_date: "2021-01-02" };
const SummarySchema = v.looseObject({ results: v.array(v.looseObject({ sample: v.object({ url: v.string() }) })) });
const ReceiptSchema = v.looseObject({ failures: v.array(v.looseObject({ url: v.string() })) });

/** Every operation that answers with a link. */
const CASES: Case[] = [
  { path: "/theeye/applications", init: body({ name: "new" }), link: location, status: 201 },
  { path: "/theeye/applications/new/keys", init: body({ scope: "write" }), link: location, status: 201 },
  {
    path: "/theeye/alerts",
    init: body({
      name: "a",
      threshold: { failures: 1 },
      window_minutes: 5,
      webhook: { url: "https://hooks.example.com/x" },
    }),
    link: location,
    status: 201,
  },
  { path: "/theeye/errors/replay", init: body({ ids: ["error-1"] }), link: location, status: 202 },
  { path: "/theeye/sessions/none", init: { method: "DELETE" }, link: location, status: 202 },
  { path: "/theeye/visitors/none", init: { method: "DELETE" }, link: location, status: 202 },
  { path: "/theeye/funnels", init: body({ ...FUNNEL, accuracy: "exact" }), link: location, status: 202 },
  { path: "/theeye/funnels", init: body({ ...FUNNEL, accuracy: "exact" }), link: (_, { url }) => url, status: 202 },
  { path: "/theeye/questions/q/run", init: body({ accuracy: "exact" }), link: location, status: 202 },
  { path: "/theeye/questions/q/run", init: body({ accuracy: "exact" }), link: (_, { url }) => url, status: 202 },
  { path: "/theeye/questions/q/run", init: body({ end_date: "never" }), link: type, status: 400 },
  {
    path: `/theeye/errors/summary?${RANGE}`,
    link: (_, found) => v.parse(SummarySchema, found).results[0]?.sample.url,
    status: 200,
  },
  {
    path: "/theeye/receipts?session_id=s&id=failed",
    link: (_, found) => v.parse(ReceiptSchema, found).failures[0]?.url,
    status: 200,
  },
  {
    path: "/eye?session_id=s&id=failed",
    link: (_, found) => v.parse(ReceiptSchema, found).failures[0]?.url,
    status: 200,
  },
  { path: "/theeye/events?limit=1", link: (_, { next }) => next, status: 200 },
  { path: "/theeye/events", init: { method: "POST", body: "{" }, link: type, status: 400 },
  { path: "/eye?key=eye_w_local", init: { method: "POST", body: "{" }, link: type, status: 400 },
  { path: "/v1/track", init: { method: "POST", body: "{" }, link: type, status: 400 },
  { path: "/theeye/sessions/nobody", link: type, status: 404 },
  { path: "/nowhere/at/all", link: type, status: 404 },
  { path: "/theeye/stats?nonsense=1", link: type, status: 400 },
  { path: "/theeye/events?limit=0", link: type, status: 400 },
];

const WRITES = ["/theeye/events", "/eye", "/v1/track"];

function asked({ path, init }: Case): RequestInit {
  const isWrite = init?.body === "{" && WRITES.some((start) => path.startsWith(start));
  const key = isWrite ? "eye_w_local" : "eye_a_local";
  return { ...init, headers: { Authorization: `Bearer ${key}` } };
}

describe.each(["", PREFIX])("below %j", (prefix) => {
  it.each(CASES.map((one) => [one.init?.method ?? "GET", one.path, one] as const))(
    "the link of %s %s leads on, with a slash at the end too",
    async (_, __, one) => {
      if (one.path.startsWith("/theeye/questions")) {
        await ask("/theeye/questions/q", body({ kind: "funnels", question: FUNNEL }, "PUT"));
      }
      for (const end of ["", "/"]) {
        await ask("/theeye/applications/new", { method: "DELETE" });
        await ask("/theeye/alerts/a", { method: "DELETE" });
        if (one.path.includes("/keys")) await ask("/theeye/applications", body({ name: "new" }));
        const [path = "", query] = one.path.split("?");
        const url = `${prefix}${path}${end}${query === undefined ? "" : `?${query}`}`;
        const response = await ask(url, asked(one), prefixed);
        expect(response.status).toBe(one.status);
        const link = one.link(response, v.parse(v.record(v.string(), v.unknown()), await response.clone().json()));
        expect(link).toEqual(expect.stringMatching(/^(?:\.\.\/|\?|theeye|problems)/));
        // A proxy that takes a prefix of its own away before it asks.
        const followed = new URL(String(link), `https://proxy.example/of/others${url}`);
        expect(followed.pathname).toMatch(new RegExp(`^/of/others${prefix}/`));
        const target = followed.pathname.slice("/of/others".length) + followed.search;
        expect((await ask(target, {}, prefixed)).status).toBe(200);
      }
    },
  );

  it("the reference page has its files, and its links to codes lead on", async () => {
    const page = await (await ask(`${prefix}/`, {}, prefixed)).text();
    const files = [...page.matchAll(/(?:href|src)="(?!data:)([^"]+)"/g)].map(([, link]) => link ?? "");
    expect(files.length).toBeGreaterThan(3);
    const description = await (await ask(`${prefix}/openapi.json`, {}, prefixed)).text();
    const codes = [...description.matchAll(/\]\(([^)]*problems\/[^)]*)\)/g)].map(([, link]) => link ?? "");
    expect(codes.length).toBeGreaterThan(20);
    for (const link of [...files, ...codes]) {
      const { pathname } = new URL(link, `https://proxy.example${prefix}/`);
      expect(pathname.startsWith(`${prefix}/`)).toBe(true);
      expect((await ask(pathname, {}, prefixed)).status, link).toBe(200);
    }
  });
});

it("the prefix without a slash leads to the reference page", async () => {
  const response = await ask(PREFIX, {}, prefixed);
  expect(response.status).toBe(308);
  const { pathname } = new URL(response.headers.get("Location") ?? "", `https://proxy.example/of/others${PREFIX}`);
  expect(pathname).toBe(`/of/others${PREFIX}/`);
});
