import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, expect, test } from "vitest";
import { askService, jsonOf } from "../../../scripts/start/ask-service.ts";

const server = createServer((request, response) => {
  if (request.url === "/silent") return;
  response.writeHead(418).end(`${request.method} ${request.headers.accept}`);
});
let url = "";
beforeAll(async () => {
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterAll(() => {
  server.closeAllConnections();
  server.close();
});

test("returns the status and the body of any answer", async () => {
  const options = { method: "PUT", headers: { Accept: "text/x" }, signal: AbortSignal.timeout(5_000) };
  expect(await askService(url, options)).toEqual({ status: 418, body: "PUT text/x" });
});

test("ends when its signal is aborted", async () => {
  await expect(askService(`${url}/silent`, { signal: AbortSignal.timeout(100) })).rejects.toThrow();
});

test("fails if nothing listens", async () => {
  await expect(askService("http://127.0.0.1:1", { signal: AbortSignal.timeout(5_000) })).rejects.toThrow(
    "ECONNREFUSED",
  );
});

test("reads a body as JSON if it is JSON", () => {
  expect(jsonOf({ status: 200, body: '{"ok":true}' })).toEqual({ ok: true });
  expect(jsonOf({ status: 502, body: "<html>" })).toBeNull();
});
