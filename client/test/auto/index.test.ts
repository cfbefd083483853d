import { expect, test } from "vitest";
import { describeInBrowser, recorded } from "../test-page.ts";

const BODY = `<a id="out" href="http://elsewhere.test/" target="none">out</a>
  <form id="f" target="none" action="/none"><button id="go" data-eye="go">Go</button></form><iframe name="none"></iframe>`;

/** Each captures something of the same three acts: a click on a link, a sent form, another page. */
const SCRIPT = (options: object) => `
  import { captureAuto } from "/auto/index";
  captureAuto(recorder, ${JSON.stringify(options)});`;

describeInBrowser("captureAuto", (open) => {
  test.each([
    [{ pages: true, clicks: true }, ["pageview", "click", "pageview"]],
    [{ outbound: true, forms: true }, ["outbound click", "submit"]],
    // The page that is left is reported before the new one begins.
    [{ pages: true, engagement: true }, ["pageview", "engagement", "pageview"]],
  ])("captures what the options name: %j", async (options, names) => {
    const page = await open({ body: BODY, script: SCRIPT(options) });
    for (const selector of ["#out", "#go"]) await page.click(selector);
    if ("engagement" in options) await page.waitForTimeout(1_000);
    await page.evaluate(`history.pushState(null, "", "/two")`);
    expect((await recorded(page)).map(([, name]) => name)).toEqual(names);
  });
});
