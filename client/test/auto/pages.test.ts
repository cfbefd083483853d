import type { Page } from "playwright-core";
import { expect, test } from "vitest";
import { describeInBrowser, recorded } from "../test-page.ts";

const SCRIPT = (byHash = false) => `
  import { capturePages } from "/auto/pages";
  capturePages(recorder, ${byHash}, () => records.push(["move", location.pathname]), 12.5);`;

/** Browsers without the Navigation API. */
const OLD = `Object.defineProperty(self, "navigation", { value: undefined });`;

const go = (page: Page, script: string) => page.evaluate(script);

describeInBrowser("page views", (open) => {
  test("begin with the page, at the given time", async () => {
    const page = await open({ path: "/start?q=1#part", script: SCRIPT() });
    expect(await recorded(page)).toEqual([
      [
        ...["page interaction", "pageview"],
        { host: "localhost", path: "/start", search: "?q=1", title: "A page" },
        { at: 12.5 },
      ],
    ]);
  });

  test.each([
    ["with the Navigation API", ""],
    ["without it", OLD],
  ])("follow each change of the address, after the previous page was left: %s", async (_, init) => {
    const page = await open({ script: SCRIPT(), init });
    await go(page, `history.pushState(null, "", "/two")`);
    await go(page, `history.replaceState(null, "", "/three")`);
    await go(page, `history.replaceState({ changed: true }, "", "/three")`);
    await go(
      page,
      `new Promise((resolve) => { addEventListener("popstate", () => setTimeout(resolve, 50)); history.back(); })`,
    );
    const seen = (await recorded(page)).map(([category, , data]) => (category === "move" ? "left" : data.path));
    expect(seen).toEqual(["/start", "left", "/two", "left", "/three", "left", "/start"]);
  });

  test("have the previous address as their referrer", async () => {
    const page = await open({ script: SCRIPT() });
    await go(page, `history.pushState(null, "", "/two")`);
    const [, , view] = await recorded(page);
    expect(view?.[2].referrer).toBe("http://localhost/start?q=1");
  });

  test("count a change of the hash only if that is asked for", async () => {
    const seen = async (byHash: boolean) => {
      const page = await open({ script: SCRIPT(byHash) });
      await go(page, `location.hash = "two"`);
      await page.waitForTimeout(50);
      return (await recorded(page)).flatMap(([category, , data]) => (category === "move" ? [] : [data.hash]));
    };
    expect(await seen(false)).toEqual([undefined]);
    expect(await seen(true)).toEqual([undefined, "#two"]);
  });

  test("include a page that comes back from the back/forward cache", async () => {
    const page = await open({ script: SCRIPT() });
    await go(page, `dispatchEvent(new PageTransitionEvent("pageshow", { persisted: true }))`);
    await go(page, `dispatchEvent(new PageTransitionEvent("pageshow", { persisted: false }))`);
    expect(await recorded(page)).toHaveLength(2);
  });
});
