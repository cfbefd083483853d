import { once } from "node:events";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { LOCAL_KEYS } from "../../../scripts/start/local-keys.ts";
import { eventually } from "../service.ts";
import { serviceForTests } from "../service-for-tests.ts";
import { hasBrowser, launchBrowser } from "./browser.ts";

/** A site with another origin, whose pages send events with a preflight, and as beacons without one. */
describe.skipIf(!hasBrowser)("a page of another origin", () => {
  const service = serviceForTests();
  let site: Server;
  let browser: Browser;
  let page: Page;

  beforeAll(async () => {
    site = createServer((_request, response) => response.end("<!doctype html><title>A site</title>"));
    site.listen(0, "127.0.0.1");
    await once(site, "listening");
    browser = await launchBrowser();
    page = await browser.newPage();
    await page.goto(`http://127.0.0.1:${(site.address() as AddressInfo).port}/`);
  });

  afterAll(async () => {
    await browser?.close();
    site?.close();
  });

  it("sends with a key in a header and credentials, and reads the ids", async () => {
    const answer = await page.evaluate(
      async ({ url, key, event }) => {
        const response = await fetch(`${url}/theeye/events`, {
          method: "POST",
          credentials: "include",
          headers: { Authorization: `Bearer ${key}`, "Content-Type": "application/json", "X-Retry-Count": "1" },
          body: JSON.stringify(event),
        });
        return { status: response.status, body: await response.text() };
      },
      { url: service.url, key: LOCAL_KEYS.write, event: eventOf("from-fetch") },
    );
    expect(answer.status).toBe(202);
    expect(answer.body).toContain('"accepted":1');
    await untilStored("from-fetch");
  });

  it("reads the reason of a refusal", async () => {
    const body = await page.evaluate(
      async (url) => (await fetch(url, { method: "POST", body: "[]" })).text(),
      collector(),
    );
    expect(JSON.parse(body)).toMatchObject({ code: "empty_batch" });
  });

  it("sends a beacon, which cannot set headers", async () => {
    const body = JSON.stringify(JSON.stringify(eventOf("from-beacon")));
    const queued = await page.evaluate(`navigator.sendBeacon(${JSON.stringify(collector())}, ${body})`);
    expect(queued).toBe(true);
    await untilStored("from-beacon");
  });

  function collector(): string {
    return `${service.url}/theeye/events?key=${LOCAL_KEYS.write}`;
  }

  async function untilStored(session: string): Promise<void> {
    await eventually(async () => {
      const headers = { Authorization: `Bearer ${LOCAL_KEYS.read}` };
      const response = await fetch(`${service.url}/theeye/events?session_id=${session}`, { headers });
      const { results } = (await response.json()) as { results: unknown[] };
      return results.length === 1 ? true : null;
    });
  }
});

function eventOf(session: string) {
  return {
    session_id: session,
    category: "page interaction",
    name: "pageview",
    data: { path: "/" },
    timestamp: new Date().toISOString(),
  };
}
