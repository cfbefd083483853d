import { once } from "node:events";
import { createServer, type Server } from "node:http";
import { afterEach, expect, test } from "vitest";
import { untilDead } from "../../../scripts/start/watch-service.ts";

let server: Server | null = null;
afterEach(() => {
  server?.closeAllConnections();
  server?.close();
});

const LIMITS = { refusingMs: 300, silentMs: 600, everyMs: 50 };

async function serving(): Promise<string> {
  server = createServer((_, response) => void response.end("ok"));
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  return `http://127.0.0.1:${typeof address === "object" ? address?.port : 0}/health`;
}

test("a service that listens and whose processes live counts as alive while it is watched", async () => {
  expect(await untilDead(await serving(), undefined, AbortSignal.timeout(1_000), LIMITS)).toBeNull();
});

test("a service is dead if nothing listens on its port", async () => {
  const url = await serving();
  const dead = untilDead(url, undefined, new AbortController().signal, LIMITS);
  server?.closeAllConnections();
  server?.close();
  expect(await dead).toBe("nothing listens at its port");
});
