import type { BrowserContext, Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { hasBrowser } from "../pages/browser.ts";
import { eventually } from "../service.ts";
import { START_MS, startWorld, type World } from "./world.ts";

/** The globals of page scripts; see `pageWith`. */
declare const eye: { flush(): Promise<void>; identify(visitor: string): void; track(...args: unknown[]): string };
declare const ids: string[];
declare const drops: { count: number; reason: string }[];
declare const document: { hidden: boolean; dispatchEvent(event: Event): void };
declare function send(category: string, number: number): void;

describe.skipIf(!hasBrowser)("an event of a page", () => {
  let world: World;
  let context: BrowserContext;

  beforeAll(async () => {
    world = await startWorld();
  }, START_MS);
  afterAll(async () => world?.stop());
  afterEach(async () => {
    world.edge.fault = () => undefined;
    await context?.close();
  });

  const sendMany = (page: Page, category: string, from: number, count: number) =>
    page.evaluate(
      ([name, first, many]) => {
        for (let number = first; number < first + many; number++) send(name, number);
      },
      [category, from, count] as const,
    );

  /** Expects that all numbers below `count` are stored, each once, in the order of capture. */
  async function expectAll(category: string, count: number): Promise<void> {
    const stored = await world.stored(category, count);
    expect(stored.map(({ data }) => data.number)).toEqual(Array.from({ length: count }, (_, number) => number));
    expect(await world.errors(category)).toEqual([]);
  }

  test("arrives once and in order, with the session, the visitor and the client's name", async () => {
    context = await world.browser.newContext();
    const page = await world.open(context);
    await page.evaluate(() => eye.identify("visitor-1"));
    await sendMany(page, "plain", 0, 120);
    await page.evaluate(() => eye.flush());
    await expectAll("plain", 120);
    const stored = await world.stored("plain", 120);
    expect(new Set(stored.map(({ session_id }) => session_id)).size).toBe(1);
    expect(stored[0]).toMatchObject({
      visitor_id: "visitor-1",
      context: { sdk: expect.stringContaining("client"), webdriver: true },
    });
    expect(stored.map(({ id }) => id)).toEqual(await page.evaluate(() => ids));
    expect(Math.max(...world.edge.bodies.map((body) => JSON.parse(body).length))).toBeLessThanOrEqual(50);
  });

  test("waits while offline, and is sent when online again", async () => {
    context = await world.browser.newContext();
    const page = await world.open(context);
    await sendMany(page, "offline", 0, 1);
    await page.evaluate(() => eye.flush());
    await context.setOffline(true);
    await sendMany(page, "offline", 1, 79);
    await page.evaluate(() => eye.flush());
    await context.setOffline(false);
    await expectAll("offline", 80);
  });

  test("survives a killed tab, and is sent by the next page", async () => {
    context = await world.browser.newContext();
    const page = await world.open(context);
    await sendMany(page, "killed", 0, 1);
    await page.evaluate(() => eye.flush());
    world.edge.fault = () => "cut";
    await sendMany(page, "killed", 1, 29);
    await page.evaluate(() => eye.flush());
    await page.goto("chrome://crash").catch(() => undefined);
    world.edge.fault = () => undefined;
    await world.open(context);
    await expectAll("killed", 30);
  });

  test("is stored once even if every other answer is lost", async () => {
    context = await world.browser.newContext();
    const page = await world.open(context);
    let count = 0;
    world.edge.fault = () => (count++ % 2 === 0 ? "lose" : undefined);
    for (let round = 0; round < 4; round++) {
      await sendMany(page, "lost answers", round * 25, 25);
      await page.evaluate(() => eye.flush());
    }
    await page.evaluate(() => eye.flush());
    await expectAll("lost answers", 100);
  });

  test("survives many answers of 503 and 429 with Retry-After", async () => {
    context = await world.browser.newContext();
    const page = await world.open(context);
    let count = 0;
    const storm = [503, 429, 503, 503];
    world.edge.fault = () => {
      const status = storm[count++];
      return status === undefined ? undefined : { status, headers: { "Retry-After": "1" } };
    };
    await sendMany(page, "storm", 0, 100);
    await expectAll("storm", 100);
    expect(await page.evaluate(() => drops)).toEqual([]);
    expect(count).toBeGreaterThan(storm.length);
    expect(count).toBeLessThan(12);
  });

  test("is sent in a halved batch after 413, and reported when it is refused", async () => {
    context = await world.browser.newContext();
    const page = await world.open(context);
    world.edge.fault = (body) => (JSON.parse(body).length > 3 ? { status: 413 } : undefined);
    await sendMany(page, "halved", 0, 20);
    await page.evaluate(() => eye.flush());
    await expectAll("halved", 20);
    world.edge.fault = () => ({ status: 401 });
    await sendMany(page, "refused", 0, 20);
    await page.evaluate(() => eye.flush());
    expect(await page.evaluate(() => drops)).toEqual([{ count: 20, reason: "refused", status: 401 }]);
    expect(await page.evaluate(() => eye.track("refused", "large", { text: "x".repeat(40_000) }))).not.toBe("");
    await expect.poll(() => page.evaluate(() => drops.at(-1)?.reason)).toBe("too_large");
  });

  test("is sent or saved in 10,000 page hides: sent = stored + dropped", { timeout: 400_000 }, async () => {
    context = await world.browser.newContext();
    const page = await world.open(context);
    await sendMany(page, "hides", 0, 1);
    await page.evaluate(() => eye.flush());
    const HIDES = 10_000;
    await page.evaluate(async (hides) => {
      let isHidden = false;
      Object.defineProperty(document, "hidden", { get: () => isHidden });
      for (let number = 1; number < hides; number++) {
        isHidden = false;
        document.dispatchEvent(new Event("visibilitychange"));
        send("hides", number);
        isHidden = true;
        document.dispatchEvent(new Event("visibilitychange"));
        if (number % 5 === 0) await new Promise((resolve) => setTimeout(resolve, 10));
      }
      isHidden = false;
    }, HIDES);
    await page.evaluate(() => eye.flush());
    const dropped = (await page.evaluate(() => drops)).reduce((sum, { count }) => sum + count, 0);
    const stored = await world.stored("hides", HIDES - dropped);
    expect(stored.length + dropped).toBe(HIDES);
    const numbers = stored.map(({ data }) => Number(data.number));
    expect(new Set(numbers).size).toBe(numbers.length);
    expect(numbers).toEqual(numbers.toSorted((a, b) => a - b));
  });

  test.each([
    ["a day ahead", 86_400_000],
    ["a day behind", -86_400_000],
  ])("has the right time even if the clock is %s", async (name, shift) => {
    context = await world.browser.newContext();
    await context.addInitScript((ms) => {
      const now = Date.now.bind(Date);
      Date.now = () => now() + ms;
      const { timeOrigin } = performance;
      Object.defineProperty(performance, "timeOrigin", { get: () => timeOrigin + ms });
    }, shift);
    const page = await world.open(context);
    await sendMany(page, name, 0, 30);
    await page.evaluate(() => eye.flush());
    await page.reload();
    await page.waitForFunction(() => "eye" in globalThis);
    await sendMany(page, name, 30, 10);
    await page.evaluate(() => eye.flush());
    await expectAll(name, 40);
    for (const { timestamp } of await world.stored(name, 40)) {
      expect(Math.abs(Date.parse(timestamp) - Date.now())).toBeLessThan(60_000);
    }
  });

  test("has the session and the identity that two tabs and two subdomains share", async () => {
    context = await world.browser.newContext();
    const first = await world.open(context, "/", "www.shop.test");
    const second = await world.open(context, "/", "www.shop.test");
    const other = await world.open(context, "/", "pay.shop.test");
    await first.evaluate(() => eye.identify("visitor-2"));
    await sendMany(first, "tabs", 0, 10);
    await first.evaluate(() => eye.flush());
    await sendMany(second, "tabs", 10, 10);
    await second.evaluate(() => eye.flush());
    await sendMany(other, "tabs", 20, 10);
    await other.evaluate(() => eye.flush());
    await expectAll("tabs", 30);
    const stored = await world.stored("tabs", 30);
    expect(new Set(stored.map(({ session_id }) => session_id)).size).toBe(1);
    expect(new Set(stored.map(({ visitor_id }) => visitor_id))).toEqual(new Set(["visitor-2"]));
  });

  test("is stored once when two tabs send at the same time", async () => {
    context = await world.browser.newContext();
    const tabs = [await world.open(context), await world.open(context)];
    await Promise.all(
      tabs.map(async (page, tab) => {
        for (let round = 0; round < 5; round++) {
          await sendMany(page, "both tabs", tab * 1000 + round * 20, 20);
          await page.evaluate(() => eye.flush());
        }
      }),
    );
    const stored = await world.stored("both tabs", 200);
    const numbers = stored.map(({ data }) => Number(data.number));
    expect(new Set(numbers).size).toBe(200);
    expect(stored).toHaveLength(200);
  });

  test("arrives from a page without cookies and storage", async () => {
    context = await world.browser.newContext();
    world.site.put(
      "/frame",
      `<iframe sandbox="allow-scripts" srcdoc="${FRAME(world).replaceAll('"', "&quot;")}"></iframe>`,
    );
    const page = await context.newPage();
    await page.goto(`http://localhost:${world.site.port}/frame`);
    await expectAll("denied", 60);
  });

  test("arrives when the browser's storage is full", async () => {
    context = await world.browser.newContext();
    const page = await world.open(context);
    const cdp = await context.newCDPSession(page);
    await cdp.send("Storage.overrideQuotaForOrigin", { origin: `http://localhost:${world.site.port}`, quotaSize: 1 });
    await sendMany(page, "full", 0, 60);
    await page.evaluate(() => eye.flush());
    await expectAll("full", 60);
  });

  test("is dropped, the oldest first, and reported, beyond the limit of the queue", async () => {
    context = await world.browser.newContext();
    const page = await world.open(context);
    await sendMany(page, "bounded", 0, 1);
    await page.evaluate(() => eye.flush());
    world.edge.fault = () => "cut";
    await sendMany(page, "bounded", 1, 1_299);
    await page.evaluate(() => eye.flush());
    const dropped = await eventually(async () => {
      const count = (await page.evaluate(() => drops)).reduce((sum, { count }) => sum + count, 0);
      return count > 0 ? count : null;
    });
    world.edge.fault = () => undefined;
    await page.evaluate(() => eye.flush());
    const stored = await world.stored("bounded", 1_300 - dropped);
    expect(stored.length + dropped).toBe(1_300);
    expect(stored.slice(1).map(({ data }) => data.number)).toEqual(
      Array.from({ length: stored.length - 1 }, (_, index) => 1_300 - (stored.length - 1) + index),
    );
  });
});

/** A page with an opaque origin: without cookies, IndexedDB and locks. */
const FRAME = ({
  options,
  service,
}: World) => `<script src='${service.url}/eye.js' data-key='${options.key}' data-capture=''></script>
<script>for (let number = 0; number < 60; number++) eye('track', 'denied', 'step', { number });</script>`;
