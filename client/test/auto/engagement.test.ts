import type { Page } from "playwright-core";
import { expect, test } from "vitest";
import { describeInBrowser, recorded } from "../test-page.ts";

const SCRIPT = (options: object) => `
  import { captureEngagement } from "/auto/engagement";
  globalThis.move = captureEngagement(recorder, ${JSON.stringify(options)});`;

/** Time that a test lets pass. */
const INIT = `
  let now = 0;
  performance.now = () => now;
  globalThis.wait = (ms) => { now += ms; };
  globalThis.show = (isShown) => {
    Object.defineProperty(document, "hidden", { value: !isShown, configurable: true });
    document.dispatchEvent(new Event("visibilitychange"));
  };`;

const BOTH = { engagement: true, scroll: true };

describeInBrowser("engagement", (open) => {
  const start = (options: object = BOTH) =>
    open({ script: SCRIPT(options), init: INIT, body: `<p style="height: 4000px">long</p>` });
  const act = (page: Page, ...steps: string[]) => page.evaluate(steps.join(";"));
  const reports = async (page: Page) =>
    (await recorded(page)).map(([, , { path, seconds, depth }]) => [path, seconds, depth]);

  test("is the time during which a page was visible, reported when it is hidden or left", async () => {
    const page = await start({ engagement: true });
    await act(
      page,
      "wait(2340)",
      "show(false)",
      "wait(60_000)",
      `dispatchEvent(new Event("pagehide"))`,
      "show(true)",
      "wait(1500)",
      `dispatchEvent(new Event("pagehide"))`,
    );
    expect(await recorded(page)).toEqual([
      ["page interaction", "engagement", { host: "localhost", path: "/start", seconds: 2.3 }],
      ["page interaction", "engagement", { host: "localhost", path: "/start", seconds: 1.5 }],
    ]);
  });

  test("of less than a second is not reported, but counts until the page is left", async () => {
    const page = await start();
    await act(
      page,
      "wait(900)",
      `dispatchEvent(new Event("pagehide"))`,
      "wait(900)",
      `dispatchEvent(new Event("pagehide"))`,
    );
    expect((await reports(page)).map(([, seconds]) => seconds)).toEqual([1.8]);
  });

  test("belongs to the page that is left, with how far it was scrolled", async () => {
    const page = await start();
    const scrolled = `new Promise((resolve) => { addEventListener("scroll", resolve, { once: true }); scrollTo(0, 1e6); })`;
    await page.evaluate(scrolled);
    await act(
      page,
      "scrollTo(0, 0)",
      "wait(5000)",
      `history.pushState(null, "", "/two")`,
      "move()",
      "wait(3000)",
      "move()",
    );
    const [first, second] = await reports(page);
    expect(first).toEqual(["/start", 5, 100]);
    expect(second?.slice(0, 2)).toEqual(["/two", 3]);
    // What was seen without scrolling.
    expect(second?.[2]).toBeGreaterThan(5);
    expect(second?.[2]).toBeLessThan(50);
  });

  test.each([
    [{ scroll: true }, [undefined, expect.any(Number)]],
    [{ engagement: true }, [2, undefined]],
  ])("has the members that the options ask for: %j", async (options, expected) => {
    const page = await start(options);
    await act(page, "wait(2000)", "show(false)");
    expect((await reports(page)).map(([, ...members]) => members)).toEqual([expected]);
  });
});
