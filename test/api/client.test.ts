import { env } from "cloudflare:workers";
import { beforeAll, expect, it } from "vitest";
import { seedLocalKeys } from "../http/auth/seed";
import { ask as askWithKey } from "./ask";

beforeAll(seedLocalKeys);

/** Requests as the client sends them: with no key except in the query. */
const ask = (path: string, init: RequestInit = {}, bindings?: Env) =>
  askWithKey(path, { ...init, headers: { Origin: "https://shop.example", Authorization: "none" } }, bindings);

const EVENT = { session_id: "client", category: "c", name: "n", data: {}, timestamp: Date.now() };

it.each(["/eye", "/eye/"])("%s accepts events with the key in the query", async (path) => {
  const response = await ask(`${path}?key=eye_w_local`, { method: "POST", body: JSON.stringify([EVENT]) });
  expect(response.status).toBe(202);
  expect(await response.json()).toMatchObject({ accepted: 1 });
});

it("/eye returns the time to a page of any origin, without a key", async () => {
  const response = await ask("/eye");
  expect(response.status).toBe(204);
  expect(response.headers.get("Access-Control-Allow-Origin")).toBe("*");
  expect(response.headers.get("Access-Control-Expose-Headers")).toBe("Date");
  expect(response.headers.get("Cache-Control")).toBe("no-store");
  expect(Math.abs(Date.parse(response.headers.get("Date") ?? "") - Date.now())).toBeLessThan(5_000);
});

it("/eye returns the status of an event for the key in the query, and ignores credentials that the browser stores", async () => {
  const response = await ask("/eye?key=eye_w_local&session_id=client&id=none");
  expect(await response.json()).toMatchObject({ status: expect.any(String), failures: [] });
  expect(response.headers.has("Access-Control-Allow-Credentials")).toBe(false);
  expect((await ask("/eye?session_id=client&id=none")).status).toBe(401);
});

it("/eye.js returns the client, which any page can load and verify", async () => {
  const response = await ask("/eye.js");
  expect(response.headers.get("Content-Type")).toContain("javascript");
  expect(response.headers.get("Access-Control-Allow-Origin")).toBe("*");
  expect(response.headers.get("Cross-Origin-Resource-Policy")).toBe("cross-origin");
  const script = await response.text();
  expect(script).toContain("data-eye");
  expect(script).not.toMatch(/\beval\(|new Function/);
});

it("every path is also served below a prefix, and the prefix itself is not a path", async () => {
  const prefixed: Env = { ...env, PATH_PREFIX: "/x7k" as "" };
  const send = { method: "POST", body: JSON.stringify([EVENT]) };
  expect((await ask("/x7k/eye?key=eye_w_local", send, prefixed)).status).toBe(202);
  expect((await ask("/x7k/eye.js", {}, prefixed)).status).toBe(200);
  expect((await ask("/eye", {}, prefixed)).status).toBe(204);
  expect((await ask("/x7k/health", {}, prefixed)).status).toBe(200);
  expect((await ask("/x7kk/health", {}, prefixed)).status).toBe(404);
  expect((await ask("/x7k/eye", {})).status).toBe(404);
});
