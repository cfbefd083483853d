import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { expect, test } from "vitest";
import { isPortFree, waitUntilReady } from "../../../scripts/start/probe.ts";

async function listening(...statuses: number[]) {
  const server = createServer((_request, response) => {
    response.writeHead(statuses.length > 1 ? (statuses.shift() ?? 200) : (statuses[0] ?? 200)).end();
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return { server, port: (server.address() as AddressInfo).port };
}

test("a port is free unless something listens on it", async () => {
  const { server, port } = await listening();
  expect(await isPortFree(port, "127.0.0.1")).toBe(false);
  server.close();
  await once(server, "close");
  expect(await isPortFree(port, "127.0.0.1")).toBe(true);
});

test("a service is ready once it answers with success", async () => {
  const { server, port } = await listening(503, 200);
  expect(await waitUntilReady(`http://127.0.0.1:${port}/health`, new AbortController().signal)).toEqual({
    kind: "ready",
  });
  server.closeAllConnections();
  server.close();
}, 15_000);

test("does not wait for a service that has exited", async () => {
  const ended = new AbortController();
  const waiting = waitUntilReady("http://127.0.0.1:9/health", ended.signal);
  ended.abort();
  expect(await waiting).toEqual({ kind: "not_ready" });
});
