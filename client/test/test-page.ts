import type { Browser, Page, Route } from "playwright-core";
import { afterAll, beforeAll, describe } from "vitest";
import { hasBrowser, launchBrowser } from "../../test/system/pages/browser.ts";
import { bundle } from "../scripts/bundle.ts";

/** Pages in a real browser with single files of `src`. Nothing listens: the browser's requests are answered here. */

export const ORIGIN = "http://localhost";

/** The arguments of a call of `record`. */
export type Recorded = [category: string, name: string, data: Record<string, unknown>, options?: { at?: number }];

export interface PageOptions {
  /** The path of the page and its query. */
  path?: string;
  body?: string;
  /**
   * A module. It can import any file of `src`, without its ending, as in `import { here } from "/auto/place"`. It has
   * `recorder`, whose calls `recorded` returns.
   */
  script: string;
  /** Runs before anything else of the page. */
  init?: string;
  /** Answers requests to other paths; without it they get 404. */
  answer?: (route: Route) => Promise<void> | void;
}

const RECORDER = `
  globalThis.records = [];
  globalThis.recorder = { record(...call) { records.push(call); return "id-" + records.length; } };`;

/** Describes tests that need a browser. All of them use one page, one after the other; `open` begins it anew. */
export function describeInBrowser(title: string, tests: (open: (options: PageOptions) => Promise<Page>) => void): void {
  describe.skipIf(!hasBrowser)(title, () => {
    let browser: Browser;
    let page: Page;
    beforeAll(async () => {
      browser = await launchBrowser();
      page = await browser.newPage();
    }, 60_000);
    afterAll(() => browser?.close());
    tests(async (options) => {
      await openIn(page, options);
      return page;
    });
  });
}

async function openIn(page: Page, { path = "/start?q=1", body = "", script, init = "", answer }: PageOptions) {
  const html = `<!doctype html><title>A page</title><script>${RECORDER}${init}</script>${body}
    <script type="module">${script}\nglobalThis.isReady = true;</script>`;
  await page.context().clearCookies();
  await page.unrouteAll();
  await page.route("**", async (route) => {
    const request = route.request();
    const { pathname } = new URL(request.url());
    if (request.resourceType() === "document") await route.fulfill({ contentType: "text/html", body: html });
    else if (script.includes(`"${pathname}"`)) {
      await route.fulfill({ contentType: "text/javascript", body: await moduleAt(pathname) });
    } else if (answer === undefined) await route.fulfill({ status: 404 });
    else await answer(route);
  });
  await page.goto(ORIGIN + path);
  await page.waitForFunction(() => "isReady" in globalThis);
}

const modules = new Map<string, Promise<string>>();

function moduleAt(pathname: string): Promise<string> {
  const made =
    modules.get(pathname) ??
    bundle({ file: `.${pathname}.ts` }, { format: "esm", codeSplitting: false }).then(({ output }) => output[0].code);
  modules.set(pathname, made);
  return made;
}

/** The calls of `record` so far. */
export function recorded(page: Page): Promise<Recorded[]> {
  return page.evaluate(() => Reflect.get(globalThis, "records"));
}
