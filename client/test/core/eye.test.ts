import type { Route } from "playwright-core";
import { beforeEach, expect, test } from "vitest";
import { describeInBrowser } from "../test-page.ts";

interface Sent {
  id: string;
  session_id: string;
  visitor_id?: string;
  timestamp: number;
  category: string;
  data: unknown;
  context: Record<string, unknown>;
}

/** What the service was asked, and how far its clock is ahead. */
let sent: Sent[] = [];
let questions: URLSearchParams[] = [];
let aheadMs = 0;

async function answer(route: Route): Promise<void> {
  const request = route.request();
  const { searchParams } = new URL(request.url());
  const body = request.postData();
  if (body === null) questions.push(searchParams);
  else sent.push(...JSON.parse(body));
  const headers = { Date: new Date(Date.now() + aheadMs).toUTCString() };
  await route.fulfill({ status: 202, headers, json: { status: "stored", failures: [] } });
}

beforeEach(() => {
  sent = [];
  questions = [];
  aheadMs = 0;
});

let made = 0;

describeInBrowser("the client", (open) => {
  /** A page with a client `eye`, which has its own storage by its key. */
  const start = async (options: object = {}, init = "") => {
    const all = { url: "http://localhost/", key: `key ${made++}`, ...options };
    const script = `
      import { createCore } from "/core/eye";
      globalThis.drops = [];
      globalThis.eye = createCore(${JSON.stringify(all)});
      eye.on("drop", (drop) => drops.push(drop));`;
    const page = await open({ script, init, answer });
    return (...steps: string[]): Promise<unknown> =>
      page.evaluate(`(async () => { ${steps.slice(0, -1).join(";\n")}; return ${steps.at(-1)}; })()`);
  };
  const track = (data: unknown = {}) => `eye.track("page interaction", "click", ${JSON.stringify(data)})`;

  test("sends an event with its id, session, time and context", async () => {
    const run = await start();
    const id = await run(`globalThis.id = ${track({ a: 1 })}`, "await eye.flush()", "id");
    expect(sent).toEqual([
      {
        ...{ id, session_id: expect.stringMatching(/^[\da-f-]{36}$/), timestamp: expect.any(Number) },
        ...{ category: "page interaction", name: "click", data: { a: 1 } },
        context: { sdk: expect.stringMatching(/^client \d/), webdriver: true },
      },
    ]);
    expect(Math.abs((sent[0]?.timestamp ?? 0) / 1_000 - Date.now())).toBeLessThan(10_000);
  });

  test("gives simultaneous events increasing times, in order", async () => {
    const run = await start();
    await run(...Array.from({ length: 20 }, (_, n) => track(n)), "await eye.flush()");
    expect(sent.map(({ data }) => data)).toEqual(Array.from({ length: 20 }, (_, n) => n));
    const times = sent.map(({ timestamp }) => timestamp);
    expect(times.every((time, n) => n === 0 || time > (times[n - 1] ?? 0))).toBe(true);
  });

  test("asks for the service's time once, and corrects its clock", async () => {
    aheadMs = 86_400_000;
    const run = await start();
    await run(track(), "await eye.flush()", track(), "await eye.flush()");
    expect(questions).toHaveLength(1);
    for (const { timestamp } of sent) {
      expect(Math.abs(timestamp / 1_000 - Date.now() - aheadMs)).toBeLessThan(10_000);
    }
  });

  test("adds the visitor and the context from then on", async () => {
    const run = await start();
    await run(
      track(1),
      `eye.identify("visitor-1")`,
      `eye.set({ plan: "pro", webdriver: undefined })`,
      track(2),
      "eye.identify(null)",
      track(3),
      "await eye.flush()",
    );
    expect(sent.map((event) => event.visitor_id)).toEqual([undefined, "visitor-1", undefined]);
    expect(sent[1]?.context).toEqual({ sdk: expect.anything(), plan: "pro" });
  });

  test("sends and stores nothing until consent is granted, and then all of it", async () => {
    const run = await start({ consent: "pending" });
    expect(await run(track(1), track(2), "await eye.flush()", "document.cookie")).toBe("");
    expect([sent, questions]).toEqual([[], []]);
    await run(`eye.consent("granted")`, "await eye.flush()");
    expect(sent.map(({ data }) => data)).toEqual([1, 2]);
  });

  test.each<[string, object, string]>([
    ["consent is denied", { consent: "denied" }, ""],
    [
      "the browser sends Global Privacy Control",
      {},
      `Object.defineProperty(navigator, "globalPrivacyControl", { value: true });`,
    ],
    [
      "the browser sends Do Not Track, if that is to be honoured",
      { honourDnt: true },
      `Object.defineProperty(navigator, "doNotTrack", { value: "1" });`,
    ],
  ])("drops events if %s", async (_, options, init) => {
    const run = await start(options, init);
    expect(await run(track(), "await eye.flush()", "drops")).toEqual([{ count: 1, reason: "consent" }]);
    expect(sent).toEqual([]);
  });

  test("ignores the wishes that the options say", async () => {
    const wishes = ["globalPrivacyControl", "doNotTrack"].map(
      (name) => `Object.defineProperty(navigator, "${name}", { value: "1" });`,
    );
    const run = await start({ honourGpc: false }, wishes.join(""));
    await run(track(), "await eye.flush()");
    expect(sent).toHaveLength(1);
  });

  test("reports data that is not JSON, and never throws", async () => {
    const run = await start();
    const id = await run(`eye.track("c", "n", { large: 1n })`);
    expect(id).toEqual(expect.any(String));
    expect(await run("await eye.flush()", "drops")).toEqual([{ count: 1, reason: "invalid" }]);
  });

  test("asks for the outcome of an event with its session", async () => {
    const run = await start();
    const id = await run(`globalThis.id = ${track()}`, "await eye.flush()", "id");
    expect(await run("await eye.status(id)")).toEqual({ status: "stored", failures: [] });
    const asked = questions.at(-1);
    expect([asked?.get("id"), asked?.get("session_id")]).toEqual([id, sent[0]?.session_id]);
  });
});
