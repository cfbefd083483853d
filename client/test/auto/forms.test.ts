import { expect, test } from "vitest";
import { describeInBrowser, recorded } from "../test-page.ts";

const BODY = `
  <form id="contact" target="none" action="/none">
    <input name="email" value="secret@example.com"><input name="id"><select name="plan"></select>
    <input type="radio" name="size"><input type="radio" name="size"><input value="unnamed"><button id="go">Go</button>
  </form>
  <form name="search" target="none" action="/none"><button id="find">Find</button></form>
  <iframe name="none"></iframe>`;

const SCRIPT = (withNames: boolean) => `
  import { captureForms } from "/auto/forms";
  captureForms(recorder, ${withNames});`;

describeInBrowser("submitted forms", (open) => {
  test("are recorded with their id or name and the names of their fields, and never a value", async () => {
    const page = await open({ body: BODY, script: SCRIPT(true) });
    for (const selector of ["#go", "#find"]) await page.click(selector);
    const place = { host: "localhost", path: "/start" };
    const records = await recorded(page);
    expect(records).toEqual([
      ["form interaction", "submit", { ...place, form: "contact", fields: ["email", "id", "plan", "size"] }],
      ["form interaction", "submit", { ...place, form: "search", fields: [] }],
    ]);
    expect(JSON.stringify(records)).not.toContain("secret");
  });

  test("have no names of fields unless these are asked for", async () => {
    const page = await open({ body: BODY, script: SCRIPT(false) });
    await page.click("#go");
    expect((await recorded(page)).map(([, , data]) => data.fields)).toEqual([undefined]);
  });
});
