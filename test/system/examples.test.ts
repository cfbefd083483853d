import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { basename, join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { LOCAL_KEYS } from "../../scripts/start/local-keys.ts";
import { hasBrowser, launchBrowser } from "./pages/browser.ts";
import { eventually, freePort, ROOT } from "./service.ts";
import { serviceForTests } from "./service-for-tests.ts";

const EXAMPLES = join(ROOT, "examples");
const service = serviceForTests(["--var", "ALERTS_ALLOW_INSECURE_HOSTS:true"]);

interface StoredEvent {
  session_id: string;
  name: string;
  data: unknown;
}

async function eventsOf(category: string): Promise<StoredEvent[]> {
  const headers = { Authorization: `Bearer ${LOCAL_KEYS.read}` };
  const query = new URLSearchParams({ category, order: "asc" });
  const response = await fetch(`${service.url}/theeye/events?${query}`, { headers });
  const { results } = (await response.json()) as { results: StoredEvent[] };
  return results;
}

function run(script: string, env: Record<string, string>): { child: ChildProcess; output: () => string } {
  const child = spawn(process.execPath, [join(EXAMPLES, script)], { env: { ...process.env, ...env } });
  let output = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream?.setEncoding("utf8").on("data", (text: string) => {
      output += text;
    });
  }
  return { child, output: () => output };
}

test("the Node script sends a session and reads it back in order", async () => {
  const { child, output } = run("node/send-events.mjs", { EYE_URL: service.url });
  const [code] = await once(child, "close");
  expect(code, output()).toBe(0);
  const lines = output().trim().split("\n");
  expect(lines.map((line) => line.split("  ").at(-1))).toEqual([
    expect.stringMatching(/^Accepted: (\S+, ){2}\S+$/),
    ...["basket opened", "address given", "order placed"],
  ]);
});

describe("the webhook receiver", () => {
  let receiver: ReturnType<typeof run>;
  let url: string;
  let alert: { secret: string };

  beforeAll(async () => {
    const port = await freePort();
    url = `http://127.0.0.1:${port}/hook`;
    const response = await fetch(`${service.url}/theeye/alerts`, {
      method: "POST",
      headers: { Authorization: `Bearer ${LOCAL_KEYS.admin}` },
      body: JSON.stringify({ name: "failing", threshold: { failures: 1 }, window_minutes: 5, webhook: { url } }),
    });
    alert = (await response.json()) as { secret: string };
    receiver = run("webhook-receiver/receive.mjs", { EYE_ALERT_SECRET: alert.secret, PORT: String(port) });
    await eventually(async () => (receiver.output().includes("Waiting") ? true : null));
  });
  afterAll(async () => {
    const ended = once(receiver.child, "close");
    receiver.child.kill();
    await ended;
  });

  test("handles the message of an alert that begins, once", async () => {
    const wrong = { session_id: "s", category: "c", name: "n", data: null, timestamp: "2021-01-01 08:00:00" };
    await fetch(`${service.url}/theeye/events`, {
      method: "POST",
      headers: { Authorization: `Bearer ${LOCAL_KEYS.write}` },
      body: JSON.stringify(wrong),
    });
    const summary = await eventually(async () => {
      await fetch(`${service.url}/cdn-cgi/local/scheduled?cron=*+*+*+*+*&time=${Date.now()}`);
      return /^failing: .*$/m.exec(receiver.output());
    });
    expect(summary[0]).toBe("failing: begins with 1 failures");
  });

  test.each([
    ["without a signature", {}],
    ["with a false one", { "X-Eye-Timestamp": String(Math.floor(Date.now() / 1000)), "X-Eye-Signature": "v1=00" }],
  ])("refuses a message %s", async (_, headers) => {
    const response = await fetch(url, { method: "POST", headers, body: "{}" });
    expect(response.status).toBe(401);
  });
});

describe.skipIf(!hasBrowser)("the page", () => {
  let site: Server;

  beforeAll(async () => {
    site = createServer((request, response) => {
      const name = basename(new URL(request.url ?? "/", "http://site").pathname);
      if (name === "favicon.ico") return response.writeHead(404).end();
      response.writeHead(200, { "Content-Type": name.endsWith(".js") ? "text/javascript" : "text/html" });
      response.end(readFileSync(join(EXAMPLES, "browser", name)));
    });
    site.listen(0, "127.0.0.1");
    await once(site, "listening");
  });
  afterAll(() => site.close());

  test("sends the view, the click and the form, even if the page is left at once", async () => {
    const browser = await launchBrowser();
    try {
      const page = await browser.newPage();
      const query = new URLSearchParams({ collector: service.url, key: LOCAL_KEYS.write });
      await page.goto(`http://127.0.0.1:${(site.address() as AddressInfo).port}/index.html?${query}`);
      await page.click("#chat");
      await page.fill("[name=first_name]", "John");
      await page.click("#contact button");
      await page.goto("about:blank");
      const sent = await eventually(async () => {
        const found = [...(await eventsOf("page interaction")), ...(await eventsOf("form interaction"))];
        return found.length >= 3 ? found : null;
      });
      expect(sent.map(({ name }) => name)).toEqual(["pageview", "cta click", "submit"]);
      expect(sent.at(-1)?.data).toMatchObject({ path: "/index.html", form: { first_name: "John" } });
      expect(new Set(sent.map(({ session_id: session }) => session)).size).toBe(1);
    } finally {
      await browser.close();
    }
  });
});
