import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { BrowserContext } from "playwright-core";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { LOCAL_KEYS } from "../../../scripts/start/local-keys.ts";
import { hasBrowser } from "../pages/browser.ts";
import { ROOT } from "../service.ts";
import { pageWith } from "./site.ts";
import type { Stored } from "./stored.ts";
import { START_MS, startWorld, type World } from "./world.ts";

/** The globals of page scripts; see `pageWith`. */
declare const eye: {
  flush(): Promise<void>;
  consent(state: string): void;
  linkTo(url: string): string;
  status(id: string): Promise<{ status: string }>;
  track(category: string, name: string, data: object): string;
};
declare const drops: { count: number; reason: string }[];
declare const document: { cookie: string; title: string; querySelector(selector: string): { click(): void } };
declare const history: { back(): void; pushState(state: null, unused: string, url: string): void };
declare const indexedDB: { databases(): Promise<unknown[]> };
declare function send(category: string, number: number): void;

describe.skipIf(!hasBrowser)("the client captures", () => {
  let world: World;
  let context: BrowserContext;

  beforeAll(async () => {
    world = await startWorld();
  }, START_MS);
  afterAll(async () => world?.stop());
  afterEach(async () => context?.close());

  const steps = (events: readonly Stored[]) => events.map(({ name, data }) => [name, data.path]);

  test("page views, clicks, links, forms and engagement, without values and without prevented clicks", async () => {
    const capture = {
      ...{ pages: true, clicks: true, outbound: true, downloads: true, forms: "names", scroll: true, engagement: true },
    };
    world.site.put(
      "/auto",
      pageWith(
        { ...world.options, capture },
        `<p style="height:5000px"><button data-eye="buy">Buy</button>
         <a id="out" href="http://elsewhere.test/x?y=1" target="none">out</a>
         <a id="file" href="/price.pdf">file</a>
         <form id="contact" action="/none" target="none"><input name="email" value="secret@example.com"><input name="id"><button id="go">Go</button></form>
         <iframe name="none"></iframe>`,
      ),
    );
    world.site.put("/price.pdf", "none");
    context = await world.browser.newContext();
    const page = await world.open(context, "/auto?q=1");
    await page.waitForTimeout(1_500);
    for (const selector of ["[data-eye]", "#out", "#go"]) await page.click(selector);
    await page.evaluate(() => history.pushState(null, "", "/auto/two"));
    await page.waitForTimeout(1_200);
    await page.click("#file");
    await page.waitForURL("**/price.pdf");
    const events = [...(await world.stored("page interaction", 7)), ...(await world.stored("form interaction", 1))];
    expect(steps(events)).toEqual(
      [
        ["pageview", "/auto"],
        ["click", "/auto"],
        ["outbound click", "/auto"],
        ["engagement", "/auto"],
        ["pageview", "/auto/two"],
        ["file download", "/auto/two"],
        ["engagement", "/auto/two"],
        ["submit", "/auto"],
      ].toSorted((a, b) => (a[0] === "submit" ? 1 : b[0] === "submit" ? -1 : 0)),
    );
    expect(events[0]?.data).toMatchObject({ search: "?q=1", title: "A page" });
    expect(events.find(({ name }) => name === "submit")?.data).toMatchObject({
      form: "contact",
      fields: ["email", "id"],
    });
    expect(JSON.stringify(events)).not.toContain("secret");
  });

  test("a page from the back/forward cache, as a new page of the same session", async () => {
    world.site.put("/a", pageWith({ ...world.options, capture: { pages: true } }));
    world.site.put("/b", pageWith({ ...world.options, capture: { pages: true } }));
    context = await world.browser.newContext();
    const page = await world.open(context, "/a");
    await page.evaluate(() => {
      Object.assign(globalThis, { isKept: true });
      return eye.flush();
    });
    await page.goto(`http://localhost:${world.site.port}/b`);
    await page.waitForTimeout(1_500);
    // Not page.goBack(): it waits for a load, and a page from the cache is not loaded.
    await page.evaluate(() => history.back());
    await expect.poll(() => page.evaluate(() => "isKept" in globalThis), { timeout: 20_000 }).toBe(true);
    await page.evaluate(() => eye.flush());
    const views = (await world.stored("page interaction", 10)).filter(({ data }) =>
      ["/a", "/b"].includes(String(data.path)),
    );
    expect(views.map(({ data }) => data.path)).toEqual(["/a", "/b", "/a"]);
    expect(new Set(views.map(({ session_id }) => session_id)).size).toBe(1);
  });

  test("a prerendered page once it is shown, and never if it is not", async () => {
    const rules = (urls: string[]) =>
      `<script type="speculationrules">${JSON.stringify({ prerender: [{ source: "list", urls, eagerness: "immediate" }] })}</script>`;
    world.site.put("/start", rules(["/shown", "/unseen"]));
    for (const path of ["/shown", "/unseen"]) {
      const mark = `ids.push(eye.track("prerendered", location.pathname.slice(1), { early: document.prerendering === true }));`;
      world.site.put(path, pageWith(world.options, "", mark));
    }
    context = await world.browser.newContext();
    const page = await context.newPage();
    await page.goto(`http://localhost:${world.site.port}/start`);
    await page.waitForTimeout(3_000);
    const before = Date.now();
    await page.evaluate(() => Object.assign(globalThis, { location: "/shown" }));
    await page.waitForURL("**/shown");
    const events = await world.stored("prerendered", 1);
    expect(events.map(({ name }) => name)).toEqual(["shown"]);
    if (events[0]?.data.early === true) {
      expect(Date.parse(events[0].timestamp)).toBeGreaterThan(before - 500);
    } else console.warn("Not proven: this browser did not prerender.");
  });

  test("nothing with Global Privacy Control, and nothing before consent", async () => {
    context = await world.browser.newContext();
    await context.addInitScript(() => Object.defineProperty(navigator, "globalPrivacyControl", { value: true }));
    const objecting = await world.open(context);
    await objecting.evaluate(() => send("gpc", 1));
    await expect.poll(() => objecting.evaluate(() => drops)).toEqual([{ count: 1, reason: "consent" }]);
    expect(await objecting.evaluate(() => document.cookie)).toBe("");
    await context.close();

    context = await world.browser.newContext();
    world.site.put("/asking", pageWith({ ...world.options, consent: "pending" }));
    const asking = await world.open(context, "/asking");
    const requests = world.edge.bodies.length;
    await asking.evaluate(() => send("consent", 1));
    await asking.waitForTimeout(1_500);
    expect(world.edge.bodies.length).toBe(requests);
    expect(await asking.evaluate(async () => [document.cookie, await indexedDB.databases()])).toEqual(["", []]);
    await asking.evaluate(() => {
      eye.consent("granted");
      send("consent", 2);
      return eye.flush();
    });
    expect((await world.stored("consent", 2)).map(({ data }) => data.number)).toEqual([1, 2]);
    expect(await world.stored("gpc", 0)).toEqual([]);
  });

  test("vitals and errors, from the Worker's script under a strict Content-Security-Policy", async () => {
    const { url } = world.service;
    world.site.put(
      "/strict",
      `<!doctype html><title>Strict</title><button>Press</button><script src="${url}/eye.js" data-key="${LOCAL_KEYS.write}"
        data-capture="pages vitals errors"></script>
       <script nonce="n1">eye("track", "strict", "called", {});
         for (let i = 0; i < 7; i++) setTimeout(() => { throw new Error("broken " + i); });</script>`,
      { "Content-Security-Policy": `default-src 'none'; script-src ${url} 'nonce-n1'; connect-src ${url}` },
    );
    context = await world.browser.newContext();
    const page = await context.newPage();
    const complaints: string[] = [];
    page.on("console", (message) => complaints.push(message.text()));
    await page.goto(`http://localhost:${world.site.port}/strict`);
    await page.click("button");
    await page.waitForTimeout(1_000);
    await page.goto("about:blank");
    expect(await world.stored("strict", 1)).toHaveLength(1);
    const errors = await world.stored("error", 5);
    expect(errors.map(({ data }) => data.message)).toEqual([0, 1, 2, 3, 4].map((number) => `broken ${number}`));
    const vitals = await world.stored("web vitals", 4);
    expect(vitals.map(({ name }) => name)).toEqual(expect.arrayContaining(["TTFB", "FCP", "LCP", "CLS"]));
    expect(complaints.filter((text) => /security policy/i.test(text))).toEqual([]);
  });

  test("in the same session after a link to another domain, and returns the outcome of an event", async () => {
    context = await world.browser.newContext();
    const page = await world.open(context, "/", "www.shop.test");
    const id = await page.evaluate(() => eye.track("linked", "from", {}));
    await page.evaluate(() => eye.flush());
    const link = await page.evaluate((port) => eye.linkTo(`http://localhost:${port}/`), world.site.port);
    const other = await context.newPage();
    await other.goto(link);
    expect(other.url()).not.toContain("eye_s");
    await other.evaluate(() => {
      eye.track("linked", "to", {});
      return eye.flush();
    });
    const events = await world.stored("linked", 2);
    expect(new Set(events.map(({ session_id }) => session_id)).size).toBe(1);
    expect((await page.evaluate((event) => eye.status(event), id)).status).toBe("stored");
  });

  test("events of registered types, which npx the-eye types writes and --check compares", async () => {
    const folder = mkdtempSync(join(tmpdir(), "the-eye-types-"));
    const { url } = world.service;
    const schema = { type: "object", required: ["total"], properties: { total: { type: "number" } } };
    const headers = { Authorization: `Bearer ${LOCAL_KEYS.admin}` };
    const register = (body: object) =>
      fetch(`${url}/theeye/event-types/checkout/order%20placed`, {
        method: "PUT",
        headers,
        body: JSON.stringify(body),
      });
    await register({ schema });
    const out = join(folder, "eye-events.ts");
    const run = (...flags: string[]) =>
      execFileSync(
        "node",
        [join(ROOT, "client/dist/the-eye.js"), "types", "--url", url, "--key", LOCAL_KEYS.read, "--out", out, ...flags],
        { stdio: "pipe" },
      );
    run();
    expect(readFileSync(out, "utf8")).toContain('"order placed": { total: number; [member: string]: unknown };');
    run("--check");
    await register({ schema: { ...schema, required: [] } });
    expect(() => run("--check")).toThrow("differs from the registered event types");
    rmSync(folder, { recursive: true });
  });
});
