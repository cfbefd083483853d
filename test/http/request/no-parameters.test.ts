import { env } from "cloudflare:workers";
import { beforeAll, describe, expect, it } from "vitest";
import { openApiDocument } from "../../../src/api/docs/openapi";
import { ask } from "../../api/ask";
import { seedLocalKeys } from "../auth/seed";

beforeAll(seedLocalKeys);

interface Document {
  paths: Record<string, Record<string, unknown>>;
}

const document: Document = JSON.parse(JSON.stringify(openApiDocument()));

/** Open to everyone, and asked by probes and by pages that add what they like. */
const OPEN = ["get /", "get /eye", "get /openapi.json", "get /problems/{code}", "get /health"];

const operations = Object.entries(document.paths)
  .flatMap(([path, methods]) => Object.keys(methods).map((method) => [method, path] as const))
  .filter(([method, path]) => !OPEN.includes(`${method} ${path}`));

describe("a parameter that an operation does not know", () => {
  it.each(operations)("is refused, and nothing is done: %s %s", async (method, path) => {
    const before = await env.DB.prepare("SELECT count(*) AS n FROM erasures").first("n");
    const url = `${path.replaceAll(/\{\w+\}/g, "x")}?foo=1`;
    const key = method === "post" && path === "/theeye/events" ? "eye_w_local" : "eye_a_local";
    const init = ["get", "delete"].includes(method) ? {} : { body: "{}" };
    const headers = { Authorization: `Bearer ${key}` };
    const response = await ask(url, { ...init, method: method.toUpperCase(), headers });
    expect(response.status).toBe(400);
    expect(await response.json()).toMatchObject({
      parameter: "foo",
      detail: expect.stringContaining("is unknown"),
    });
    expect(await env.DB.prepare("SELECT count(*) AS n FROM erasures").first("n")).toBe(before);
  });
});
