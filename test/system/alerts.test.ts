import { createHmac } from "node:crypto";
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, expect, test } from "vitest";
import { eventually } from "./service.ts";
import { serviceForTests } from "./service-for-tests.ts";

const posts: { body: string; timestamp: string; signature: string }[] = [];
const receiver = createServer(async (request, response) => {
  let body = "";
  for await (const chunk of request) body += String(chunk);
  const header = (name: string) => String(request.headers[name]);
  posts.push({ body, timestamp: header("x-eye-timestamp"), signature: header("x-eye-signature") });
  response.writeHead(posts.length === 1 ? 500 : 200).end();
});
const service = serviceForTests(["--var", "ALERTS_ALLOW_INSECURE_HOSTS:true"]);

beforeAll(async () => {
  receiver.listen(0, "127.0.0.1");
  await once(receiver, "listening");
});
afterAll(async () => {
  receiver.close();
});

/** Runs the cron as if it were this many minutes later. */
async function tick(minutes: number): Promise<void> {
  const time = Date.now() + minutes * 60_000;
  const response = await fetch(`${service.url}/cdn-cgi/local/scheduled?cron=*+*+*+*+*&time=${time}`);
  expect(response.ok, await response.text()).toBe(true);
}

const send = (path: string, key: string, body: unknown) =>
  fetch(`${service.url}${path}`, {
    method: "POST",
    headers: { Authorization: `Bearer ${key}` },
    body: JSON.stringify(body),
  });

test("failing events cause one signed message when the alert begins, retried after a 500, and one when it ends", async () => {
  const { port } = receiver.address() as AddressInfo;
  const created = await send("/theeye/alerts", "eye_a_local", {
    name: "failing",
    application: "demo",
    threshold: { failures: 2 },
    window_minutes: 5,
    webhook: { url: `http://127.0.0.1:${port}/hook` },
  });
  const { secret } = (await created.json()) as { secret: string };
  const wrong = { session_id: "s", category: "c", name: "n", data: null, timestamp: "2021-01-01 08:00:00" };
  expect((await send("/theeye/events", "eye_w_local", [wrong, wrong])).status).toBe(202);
  await eventually(async () => {
    await tick(0);
    return posts.length > 0 ? true : null;
  });
  await tick(1);
  await tick(2);
  await tick(10);
  await tick(11);
  const bodies = posts.map(({ body }) => JSON.parse(body) as unknown);
  expect(bodies).toMatchObject([
    { kind: "begin", found: { failures: 2 } },
    { kind: "begin", found: { failures: 2 } },
    { kind: "end", found: { failures: 0 } },
  ]);
  expect(bodies[0]).toEqual(bodies[1]);
  for (const { body, timestamp, signature } of posts) {
    expect(signature).toBe(`v1=${createHmac("sha256", secret).update(`${timestamp}.${body}`).digest("hex")}`);
    expect(Math.abs(Date.now() / 1000 - Number(timestamp))).toBeLessThan(120);
  }
});
