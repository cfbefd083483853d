import type { Route } from "playwright-core";
import { expect, test } from "vitest";
import { describeInBrowser } from "./test-page.ts";

let made = 0;

describeInBrowser("createEye", (open) => {
  /** The names of the events that a page sends whose client has these options. */
  async function sentWith(options: object): Promise<string[]> {
    const sent: { name: string }[] = [];
    const answer = async (route: Route) => {
      sent.push(...JSON.parse(route.request().postData() ?? "[]"));
      await route.fulfill({ status: 202, headers: { Date: new Date().toUTCString() } });
    };
    const all = { url: "http://localhost", key: `index ${made++}`, ...options };
    const page = await open({
      answer,
      script: `import { createEye } from "/index"; globalThis.eye = createEye(${JSON.stringify(all)}); eye.track("c", "own", {});`,
    });
    // What captures is loaded as a module of its own.
    await page.waitForTimeout(100);
    await page.evaluate("eye.flush()");
    return sent.map(({ name }) => name);
  }

  test("captures nothing by itself", async () => {
    expect(await sentWith({})).toEqual(["own"]);
  });

  test("captures what its options name", async () => {
    expect((await sentWith({ capture: { pages: true } })).sort()).toEqual(["own", "pageview"]);
  });
});
