import { expect, test } from "vitest";
import { askService, jsonOf } from "../../../scripts/start/ask-service.ts";
import { listen } from "../local-server.ts";

test("returns the status and the body of any answer", async () => {
  const { url } = await listen((request, response) => {
    response.writeHead(418).end(`${request.method} ${request.headers.accept}`);
  });
  const options = { method: "PUT", headers: { Accept: "text/x" }, signal: AbortSignal.timeout(5_000) };
  expect(await askService(url, options)).toEqual({ status: 418, body: "PUT text/x" });
});

test("ends when its signal is aborted", async () => {
  const { url } = await listen(() => undefined);
  await expect(askService(url, { signal: AbortSignal.timeout(100) })).rejects.toThrow();
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
