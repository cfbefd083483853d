import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { networkInterfaces } from "node:os";
import { expect, test } from "vitest";
import { portProblem, waitUntilReady } from "../../../scripts/start/probe.ts";

async function listening(...statuses: number[]) {
  return listeningAt("127.0.0.1", statuses);
}

async function listeningAt(address: string, statuses: number[] = [200]) {
  const server = createServer((_request, response) => {
    response.writeHead(statuses.length > 1 ? (statuses.shift() ?? 200) : (statuses[0] ?? 200)).end();
  });
  server.listen(0, address);
  await once(server, "listening");
  return { server, port: (server.address() as AddressInfo).port };
}

const HAS_IPV6 = Object.values(networkInterfaces()).some((list) => list?.some(({ address }) => address === "::1"));

const ADDRESSES = [
  ["127.0.0.1", "127.0.0.1"],
  ["localhost", "127.0.0.1"],
  ["*", "127.0.0.1"],
  ...(HAS_IPV6 ? [["localhost", "::1"] as const] : []),
] as const;

test.each(ADDRESSES)("a port of %s can be used unless a program listens on it at %s", async (host, address) => {
  const { server, port } = await listeningAt(address);
  expect(await portProblem(port, host)).toBe(
    `Port ${port} is in use by another program. Choose another: npm start -- --port ${port + 1}`,
  );
  server.close();
  await once(server, "close");
  expect(await portProblem(port, host)).toBeNull();
});

test("an address that is not of this machine is named", async () => {
  expect(await portProblem(8787, "192.0.2.1")).toContain("--ip 192.0.2.1 is not an address of this machine");
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
