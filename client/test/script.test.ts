import type { Route } from "playwright-core";
import { beforeEach, expect, test } from "vitest";
import { bundleScript } from "../scripts/bundle.ts";
import { describeInBrowser } from "./test-page.ts";

let sent: { category: string; name: string; data: { path?: string } }[] = [];
let keys: (string | null)[] = [];
beforeEach(() => {
  [sent, keys] = [[], []];
});

async function answer(route: Route): Promise<void> {
  const request = route.request();
  const { pathname, searchParams } = new URL(request.url());
  if (pathname === "/assets/eye.js") {
    await route.fulfill({ contentType: "text/javascript", body: await bundleScript() });
    return;
  }
  keys.push(`${pathname} ${searchParams.get("key")}`);
  sent.push(...JSON.parse(request.postData() ?? "[]"));
  await route.fulfill({ status: 202, headers: { Date: new Date().toUTCString() } });
}

const QUEUE = `window.eye = window.eye || function () { (eye.q = eye.q || []).push(arguments); };`;

let made = 0;

describeInBrowser("the script for pages without a bundler", (open) => {
  /** A page that loads the script with these attributes. */
  const load = async (attributes: string) => {
    const body = `<a id="out" href="http://elsewhere.test/">out</a>
      <script>${QUEUE} eye("track", "early", "call", { n: 1 }); eye("nothing");</script>
      <script src="/assets/eye.js" data-key="key ${made++}" ${attributes}></script>
      <script>addEventListener("click", (event) => event.preventDefault());</script>`;
    const page = await open({ body, answer, script: `eye("track", "late", "call", {})` });
    await page.click("#out");
    await page.evaluate(`eye.flush()`);
    return sent.map(({ category, name }) => (category === "page interaction" ? name : category));
  };

  test("sends to the place that it was loaded from, with its key", async () => {
    await load("");
    expect(new Set(keys)).toEqual(new Set([`/assets/eye key ${made - 1}`]));
  });

  test("makes the calls from before it was loaded, after the page view", async () => {
    expect(await load("")).toEqual(["pageview", "early", "late"]);
  });

  test("captures what its attribute says", async () => {
    expect(await load(`data-capture="outbound"`)).toEqual(["early", "late", "outbound click"]);
    sent = [];
    expect(await load(`data-capture="pages, outbound"`)).toEqual(["pageview", "early", "late", "outbound click"]);
  });

  test("sends nothing while consent is pending, and to another address if it has one", async () => {
    expect(await load(`data-consent="pending"`)).toEqual([]);
    expect(keys).toEqual([]);
    await load(`data-url="http://localhost/other"`);
    expect(keys[0]).toMatch(/^\/other\/eye key /);
  });
});
