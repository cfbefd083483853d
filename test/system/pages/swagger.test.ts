import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { LOCAL_KEYS } from "../../../scripts/start/local-keys.ts";
import { eventually } from "../service.ts";
import { serviceForTests } from "../service-for-tests.ts";
import { hasBrowser, launchBrowser } from "./browser.ts";

describe.skipIf(!hasBrowser)("the API reference in a browser", () => {
  const complaints: string[] = [];
  const service = serviceForTests();
  let browser: Browser;
  let page: Page;

  beforeAll(async () => {
    browser = await launchBrowser();
    page = await browser.newPage({ viewport: { width: 1280, height: 1000 } });
    page.on("console", (message) => {
      // A violation of the Content-Security-Policy is reported as an error too.
      if (["error", "warning"].includes(message.type())) complaints.push(message.text());
    });
    page.on("pageerror", (error) => complaints.push(String(error)));
    page.on("requestfailed", (request) => complaints.push(`${request.url()} could not be loaded`));
    page.on("request", (request) => {
      if (!request.url().startsWith(service.url) && !request.url().startsWith("data:")) {
        complaints.push(`${request.url()} is elsewhere`);
      }
    });
    await page.goto(service.url);
    await page.locator(".opblock").first().waitFor();
  });

  afterAll(async () => {
    await browser?.close();
  });

  it("shows every operation", async () => {
    const document = (await (await fetch(`${service.url}/openapi.json`)).json()) as { paths: Record<string, object> };
    const operations = Object.values(document.paths).flatMap((methods) => Object.keys(methods));
    expect(await page.locator(".opblock").count()).toBe(operations.length);
    expect(complaints).toEqual([]);
  });

  it("sends an event with a key and reads it back with another", async () => {
    await authorize(page, LOCAL_KEYS.write);
    const sent = await execute(page, "Ingest-sendEvents");
    expect(sent.status).toBe("202");
    expect(sent.body).toContain('"accepted": 1');

    await authorize(page, LOCAL_KEYS.read);
    await eventually(async () => {
      const listed = await execute(page, "Queries-listEvents");
      expect(listed.status).toBe("200");
      return listed.body.includes('"name": "pageview"') ? true : null;
    });
    expect(complaints).toEqual([]);
  });

  it("shows why a request is refused", async () => {
    await authorize(page, LOCAL_KEYS.write);
    const refused = await execute(page, "Queries-showStats");
    expect(refused.status).toBe("403");
    expect(refused.body).toContain('"code": "forbidden"');
  });
});

/** Enters a key as a bearer token, replacing the previous one. */
async function authorize(page: Page, key: string): Promise<void> {
  await page.locator(".auth-wrapper .authorize").first().click();
  const bearer = page.locator(".auth-container").filter({ hasText: "bearer (http, Bearer)" });
  const logout = bearer.getByRole("button", { name: /logout|remove authorization/i });
  if ((await logout.count()) > 0) await logout.click();
  await bearer.locator("input").fill(key);
  await bearer.getByRole("button", { name: /apply/i }).click();
  await page.locator(".dialog-ux .close-modal").click();
}

/** Executes an operation with the given values, and returns the answer. */
async function execute(page: Page, id: string): Promise<{ status: string; body: string }> {
  const operation = page.locator(`#operations-${id}`);
  if ((await operation.locator(".execute").count()) === 0) await operation.locator(".opblock-summary-control").click();
  const live = operation.locator(".live-responses-table");
  if ((await live.count()) > 0) await operation.locator(".btn-clear").click();
  await operation.locator(".execute").click();
  await live.waitFor();
  return {
    status: (await live.locator(".response-col_status").last().innerText()).trim().split("\n")[0] ?? "",
    body: await live.locator(".response-col_description pre").first().innerText(),
  };
}
