import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { LOCAL_KEYS } from "../../../scripts/start/local-keys.ts";
import { type Edge, startEdge } from "../client/edge.ts";
import type { Stored } from "../client/stored.ts";
import { hasBrowser, launchBrowser } from "../pages/browser.ts";
import { eventually } from "../service.ts";
import { serviceForTests } from "../service-for-tests.ts";
import { BROWSER_SDKS, type BrowserSdk, pageOf } from "./browser-sdks.ts";
import { type SdkSite, startSdkSite } from "./sdk-site.ts";

/** Chromium's own user agent says that it is headless, which some SDKs treat as a bot. */
const USER_AGENT =
  "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/156.0.0.0 Safari/537.36";

/** Chromium's console message about a refused request. */
const OF_CHROMIUM = /^Failed to load resource/;

describe.skipIf(!hasBrowser)("SDKs of browsers", () => {
  const service = serviceForTests();
  let edge: Edge;
  let site: SdkSite;
  let browser: Browser;

  beforeAll(async () => {
    [edge, site, browser] = await Promise.all([startEdge(service.url), startSdkSite(), launchBrowser()]);
  });
  afterAll(async () => {
    await browser?.close();
    edge?.close();
    site?.close();
  });
  beforeEach(() => {
    edge.sent.length = 0;
    edge.fault = () => undefined;
  });

  async function list(path: string, mark: string): Promise<Stored[]> {
    const response = await fetch(`${service.url}${path}`, { headers: { Authorization: `Bearer ${LOCAL_KEYS.read}` } });
    const { results } = (await response.json()) as { results: Stored[] };
    return results.filter((event) => JSON.stringify(event).includes(mark));
  }

  const stored = (mark: string) => list("/theeye/events?limit=1000&order=asc", mark);

  async function storedAtLeast(mark: string, count: number, beforeEachTry = async () => {}): Promise<Stored[]> {
    const full = async () => {
      await beforeEachTry();
      return (await stored(mark)).length >= count ? true : null;
    };
    await eventually(full, 90_000).catch(() => undefined);
    return stored(mark);
  }

  /** Two visitors make calls in turn. Returns the errors of the SDK and the page; `flush` sends what the SDK keeps. */
  async function visit(sdk: BrowserSdk, key: string, mark: string) {
    site.html = pageOf(sdk, { url: edge.url, key });
    const errors: string[] = [];
    const logged: string[] = [];
    const open = async (name: string): Promise<Page> => {
      const context = await browser.newContext({ userAgent: USER_AGENT });
      const page = await context.newPage();
      page.on("pageerror", (error) => errors.push(String(error)));
      page.on("console", (message) => {
        if (message.type() === "error" && !OF_CHROMIUM.test(message.text())) logged.push(message.text());
      });
      await page.goto(`${site.url}/${mark}-${name}`);
      await page.waitForFunction("window.ready");
      return page;
    };
    const pages = [await open("one"), await open("two")];
    for (const step of sdk.steps) {
      for (const page of pages) await page.evaluate(`void (${step})`);
    }
    const flush = async () => {
      if (sdk.flush !== undefined) for (const page of pages) await page.evaluate(`void (${sdk.flush})`);
    };
    return { errors, logged, flush, close: () => Promise.all(pages.map((page) => page.context().close())) };
  }

  /** Expects every event once and in order, in two sessions that share nothing. */
  async function expectEverything(
    { names, updates = [], sessions = 1, last }: BrowserSdk,
    mark: string,
    flush?: () => Promise<void>,
  ): Promise<void> {
    const found = await storedAtLeast(mark, 2 * (names.length + updates.length), flush);
    const ids = ["one", "two"].map((name) => {
      const own = found.filter((event) => JSON.stringify(event).includes(`${mark}-${name}`));
      const timed = own.filter((event) => !updates.includes(event.name));
      expect(timed.map((event) => event.name)).toEqual(names);
      expect(timed.at(-1)).toMatchObject(last(`${mark}-${name}`));
      const updated = own.filter((event) => updates.includes(event.name));
      expect(updated.map((event) => event.name).sort()).toEqual(updates);
      return new Set(timed.map((event) => event.session_id));
    });
    expect(found).toHaveLength(2 * (names.length + updates.length));
    expect(ids.map((one) => one.size)).toEqual([sessions, sessions]);
    expect(new Set(ids.flatMap((one) => [...one])).size).toBe(2 * sessions);
    expect(JSON.stringify(found)).not.toContain(LOCAL_KEYS.write);
    expect(await list("/theeye/errors", mark)).toEqual([]);
  }

  describe.each(BROWSER_SDKS)("$name", (sdk) => {
    const markOf = (what: string) => `${sdk.name.replace(/\W/g, "")}-${what}`;

    test("delivers everything once and in order, without errors", async () => {
      const { errors, logged, close } = await visit(sdk, LOCAL_KEYS.write, markOf("healthy"));
      await expectEverything(sdk, markOf("healthy"));
      await close();
      expect([...errors, ...logged]).toEqual([]);
      expect(new Set(edge.sent).size).toBe(edge.sent.length);
    });

    test("with a wrong key retries nothing, and nothing is stored", async () => {
      const { errors, close } = await visit(sdk, `eye_w_${"x".repeat(32)}`, markOf("wrong"));
      await new Promise((resolve) => setTimeout(resolve, 8_000));
      await close();
      expect(edge.sent.length).toBeGreaterThan(0);
      expect(new Set(edge.sent).size).toBe(edge.sent.length);
      expect(errors).toEqual([]);
      expect(await stored(markOf("wrong"))).toEqual([]);
    });

    test.skipIf(!sdk.retries).each([503, 429])("retries after a first answer of %i", async (status) => {
      let count = 0;
      const answer = status === 429 ? (sdk.insteadOf429 ?? status) : status;
      edge.fault = () => (count++ === 0 ? { status: answer, headers: { "Retry-After": "1" } } : undefined);
      const { errors, flush, close } = await visit(sdk, LOCAL_KEYS.write, markOf(String(status)));
      await expectEverything(sdk, markOf(String(status)), flush);
      await close();
      expect(errors).toEqual([]);
    });

    test.skipIf(sdk.retries)("loses only the events answered with 503, and reports that", async () => {
      let count = 0;
      edge.fault = () => (count++ === 0 ? { status: 503 } : undefined);
      const { errors, logged, close } = await visit(sdk, LOCAL_KEYS.write, markOf("lost"));
      await storedAtLeast(markOf("lost"), 2 * sdk.names.length - 1);
      await eventually(async () => (logged.length > 0 ? true : null), 30_000);
      await close();
      expect(await stored(markOf("lost"))).toHaveLength(2 * sdk.names.length - 1);
      expect([errors.length, logged.length]).toEqual([0, 1]);
    });
  });
});
