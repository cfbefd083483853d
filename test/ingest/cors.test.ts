import { env } from "cloudflare:workers";
import { beforeAll, describe, expect, it } from "vitest";
import { ask } from "../api/ask";
import { seedLocalKeys } from "../http/auth/seed";

beforeAll(seedLocalKeys);

const ORIGIN = "https://shop.example";
const NO_KEY = { Authorization: "none", Origin: ORIGIN };

async function send(body: string, headers: Record<string, string>, bindings: Env = env): Promise<Response> {
  return ask("/theeye/events", { method: "POST", body, headers: { Origin: ORIGIN, ...headers } }, bindings);
}

function expectAllowed(response: Response): void {
  expect(response.headers.get("Access-Control-Allow-Origin")).toBe(ORIGIN);
  expect(response.headers.get("Access-Control-Allow-Credentials")).toBe("true");
  expect(response.headers.get("Access-Control-Expose-Headers")).toBe("Retry-After, Link, Location, Date");
  expect(Math.abs(Date.parse(response.headers.get("Date") ?? "") - Date.now())).toBeLessThan(60_000);
  expect(response.headers.get("Vary")).toContain("Origin");
}

describe("a page of any origin", () => {
  it.each(["/theeye/events", "/theeye/events/", "/theeye/events?key=eye_w_local"])(
    "can send a preflight to %s without a key",
    async (path) => {
      const response = await ask(path, {
        method: "OPTIONS",
        headers: {
          ...NO_KEY,
          "Access-Control-Request-Method": "POST",
          "Access-Control-Request-Headers": "authorization, content-encoding, x-anything",
        },
      });
      expect(response.status).toBe(204);
      expectAllowed(response);
      expect(response.headers.get("Access-Control-Allow-Methods")).toBe("POST, GET");
      expect(response.headers.get("Access-Control-Allow-Headers")).toBe("authorization, content-encoding, x-anything");
      expect(Number(response.headers.get("Access-Control-Max-Age"))).toBeGreaterThan(0);
    },
  );

  it("can read that its events were accepted", async () => {
    const response = await send("{}", { Authorization: "Bearer eye_w_local" });
    expect(response.status).toBe(202);
    expectAllowed(response);
  });

  it.each([
    ["without a key", "none", "{}", 401],
    ["with a malformed key", "Basic %%%", "{}", 401],
    ["with a read key", "Bearer eye_r_local", "{}", 403],
    ["with broken JSON", "Bearer eye_w_local", "{", 400],
  ])("can read why it was refused %s", async (_, authorization, body, status) => {
    const response = await send(body, { Authorization: authorization });
    expect(response.status).toBe(status);
    expectAllowed(response);
  });

  it("can read that the Worker is not configured or that something failed", async () => {
    const response = await send("{}", {}, { ...env, KEY_CACHE_SECONDS: -1 as 30 });
    expect(response.status).toBe(503);
    expectAllowed(response);
    expect(response.headers.get("Retry-After")).not.toBeNull();
  });

  it("cannot query with an analyst's credentials", async () => {
    const response = await ask("/theeye/events", { headers: { Origin: ORIGIN } });
    expect(response.headers.get("Access-Control-Allow-Origin")).toBeNull();
  });
});

it("adds no headers to a request without an origin", async () => {
  const response = await ask("/theeye/events", {
    method: "POST",
    body: "{}",
    headers: { Authorization: "Token eye_w_local" },
  });
  expect(response.status).toBe(202);
  expect(response.headers.get("Access-Control-Allow-Origin")).toBeNull();
});
