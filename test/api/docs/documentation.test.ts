import { exports } from "cloudflare:workers";
import { describe, expect, it } from "vitest";

function get(path: string, init?: RequestInit): Promise<Response> {
  return exports.default.fetch(`https://eye.example${path}`, init);
}

describe("GET /", () => {
  it("is a page that loads nothing from other origins and runs no inline script", async () => {
    const response = await get("/");
    expect(response.status).toBe(200);
    expect(response.headers.get("Content-Type")).toMatch(/^text\/html/);
    const policy = (response.headers.get("Content-Security-Policy") ?? "").split("; ");
    expect(policy).toEqual(
      expect.arrayContaining([
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "connect-src 'self'",
        "frame-ancestors 'none'",
        "base-uri 'none'",
        "form-action 'none'",
      ]),
    );
    expect(policy.join()).not.toContain("unsafe");
    expect(response.headers.get("X-Content-Type-Options")).toBe("nosniff");
    expect(response.headers.get("Referrer-Policy")).toBe("no-referrer");
    const page = await response.text();
    expect(page).not.toMatch(/<style|style=|<script[^>]*>[^<]|\son\w+=|src="(?!swagger-ui\/)/i);
  });

  it("refers only to existing files", async () => {
    const page = await (await get("/")).text();
    const files = [...page.matchAll(/(?:src|href)="([a-z][^":]+)"/g)].map(([, file = ""]) => `/${file}`);
    expect(files).toContain("/swagger-ui/init.js");
    for (const file of files) {
      const response = await get(file);
      expect(response.status, file).toBe(200);
      expect(response.headers.get("X-Content-Type-Options"), file).toBe("nosniff");
      expect(await response.text(), file).not.toBe("");
    }
  });
});

describe("every page", () => {
  it.each([
    ["/", "text/html"],
    ["/openapi.json", "application/json"],
    ["/openapi.json/", "application/json"],
    ["/problems/unauthorized", "application/json"],
    ["/problems/data_invalid/", "application/json"],
    ["/swagger-ui/init.js", "text/javascript"],
    ["/swagger-ui/swagger-ui.css", "text/css"],
    ["/swagger-ui/swagger-ui-bundle.js", "text/javascript"],
  ])("%s is served without a key, also for HEAD", async (path, type) => {
    const response = await get(path, { method: "HEAD" });
    expect(response.status).toBe(200);
    expect(response.headers.get("Content-Type")).toContain(type);
    expect(await response.text()).toBe("");
    expect((await get(path)).status).toBe(200);
  });

  it.each(["/problems/nonsense", "/problems", "/swagger-ui/nothing.js", "/swagger-ui", "/favicon.ico"])(
    "%s does not exist",
    async (path) => {
      const response = await get(path);
      expect(response.status).toBe(404);
      expect(await response.json()).toMatchObject({ code: "not_found" });
    },
  );

  it.each(["/", "/openapi.json", "/problems/conflict"])("%s refuses POST", async (path) => {
    const response = await get(path, { method: "POST" });
    expect(response.status).toBe(405);
    expect(response.headers.get("Allow")).toBe("GET, HEAD");
  });

  it.each([
    ["/", "no-cache"],
    ["/openapi.json", "no-cache"],
    ["/problems/conflict", "no-cache"],
    ["/swagger-ui/init.js", "no-cache"],
    ["/swagger-ui/swagger-ui.css", "public, max-age=3600"],
    ["/swagger-ui/swagger-ui-bundle.js", "public, max-age=3600"],
  ])("%s is not sent again to a browser that has it", async (path, caching) => {
    const first = await get(path);
    expect(first.headers.get("Cache-Control")).toBe(caching);
    const tag = first.headers.get("ETag") ?? "";
    expect(tag).not.toBe("");
    const again = await get(path, { headers: { "If-None-Match": tag } });
    expect(again.status).toBe(304);
  });

  it("links each problem to the page that explains it", async () => {
    const { type } = await (await get("/theeye/stats")).json<{ type: string }>();
    expect(await (await get(type)).json()).toMatchObject({ code: "unauthorized", status: 401 });
  });
});
