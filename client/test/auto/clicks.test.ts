import type { Page } from "playwright-core";
import { expect, test } from "vitest";
import { describeInBrowser, recorded } from "../test-page.ts";

const BODY = `
  <button data-eye="buy"><b id="inner">Buy</b></button>
  <button id="unmarked">Other</button>
  <div id="host"></div>
  <a id="same" href="/other">same host</a>
  <a id="out" href="http://elsewhere.test/x?y=1"><i id="icon">out</i></a>
  <a id="file" href="/price.PDF?v=2">file</a>
  <a id="named" href="/report" download>named</a>
  <a id="mail" href="mailto:someone@example.com">mail</a>`;

const SCRIPT = (options: object) => `
  import { captureClicks } from "/auto/clicks";
  captureClicks(recorder, ${JSON.stringify(options)});
  // So that the page stays.
  addEventListener("click", (event) => event.preventDefault());
  const shadow = document.querySelector("#host").attachShadow({ mode: "open" });
  shadow.innerHTML = '<button id="within" data-eye="shadow">Within</button>';`;

const ALL = { clicks: true, outbound: true, downloads: true };
const PLACE = { host: "localhost", path: "/start" };

describeInBrowser("clicks", (open) => {
  const openWith = (options: object) => open({ body: BODY, script: SCRIPT(options) });
  const dispatch = (page: Page, selector: string, type: string, button: number) =>
    page.dispatchEvent(selector, type, { button });

  test("on a marked element are recorded with its mark, also from within it and from a shadow tree", async () => {
    const page = await openWith(ALL);
    for (const selector of ["#inner", "#unmarked", "#within"]) await page.click(selector);
    expect(await recorded(page)).toEqual([
      ["page interaction", "click", { ...PLACE, element: "buy" }],
      ["page interaction", "click", { ...PLACE, element: "shadow" }],
    ]);
  });

  test("on links are recorded if they lead to another host or to a file", async () => {
    const page = await openWith(ALL);
    for (const selector of ["#same", "#icon", "#file", "#named", "#mail"]) await page.click(selector);
    expect((await recorded(page)).map(([, name, { url }]) => [name, url])).toEqual([
      ["outbound click", "http://elsewhere.test/x?y=1"],
      ["file download", "http://localhost/price.PDF?v=2"],
      ["file download", "http://localhost/report"],
    ]);
  });

  test("with the middle button count, those of the secondary one do not", async () => {
    const page = await openWith(ALL);
    await dispatch(page, "#out", "auxclick", 1);
    await dispatch(page, "#out", "auxclick", 2);
    expect((await recorded(page)).map(([, name]) => name)).toEqual(["outbound click"]);
  });

  test.each([
    [{ clicks: true }, ["click"]],
    [{ outbound: true }, ["outbound click"]],
    [{ downloads: true }, ["file download"]],
  ])("are captured as the options say: %j", async (options, names) => {
    const page = await openWith(options);
    for (const selector of ["#inner", "#out", "#file"]) await page.click(selector);
    expect((await recorded(page)).map(([, name]) => name)).toEqual(names);
  });
});
