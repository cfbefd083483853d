import { Hono } from "hono";
import { etag } from "hono/etag";
import type { AppEnv } from "../../http/app-env";
import { problem } from "../../http/problem";
import { openApiDocument } from "./openapi";
import { problemPage } from "./problem-pages";
import { PAGE_HEADERS, REFERENCE_PAGE, REFERENCE_SCRIPT } from "./reference-page";

/** Browsers revalidate what a deployment changes, and get it again only if it has changed. */
const REVALIDATED = { "Cache-Control": "no-cache", "X-Content-Type-Options": "nosniff" };

/** Swagger UI's own files are large and seldom change. */
const CACHED = { "Cache-Control": "public, max-age=3600", "X-Content-Type-Options": "nosniff" };

/** Serialised once for each isolate, on the first request. */
let serialised: string | undefined;

/** `/`, `/openapi.json`, `/problems/{code}` and the files of Swagger UI. They need no key. */
export const documentation = new Hono<AppEnv>({ strict: false });

documentation.get("/", etag(), (c) => {
  const { pathname } = new URL(c.req.url);
  // `PATH_PREFIX` itself: the page's links are relative, and without a slash they would lose it.
  if (!pathname.endsWith("/")) return c.redirect(`${pathname.split("/").at(-1)}/`, 308);
  return c.html(REFERENCE_PAGE, 200, { ...PAGE_HEADERS, ...REVALIDATED });
});

documentation.get("/openapi.json", etag(), (c) => {
  serialised ??= JSON.stringify(openApiDocument());
  return c.body(serialised, 200, { "Content-Type": "application/json", ...REVALIDATED });
});

documentation.get("/problems/:code", etag(), (c) => {
  const page = problemPage(c.req.param("code"));
  return page === null
    ? problem("not_found", "There is no such code. The API reference at / lists them.")
    : c.json(page, 200, REVALIDATED);
});

documentation.get("/swagger-ui/init.js", etag(), (c) =>
  c.body(REFERENCE_SCRIPT, 200, { "Content-Type": "text/javascript; charset=utf-8", ...REVALIDATED }),
);

documentation.get("/swagger-ui/*", async (c) => {
  // By its own path, since the request's may have a prefix.
  const file = await c.env.ASSETS.fetch(new Request(new URL(c.req.path, c.req.url), c.req.raw));
  if (file.status === 404) return problem("not_found", "There is nothing at this path.");
  const answer = new Response(file.body, file);
  for (const [name, value] of Object.entries(CACHED)) answer.headers.set(name, value);
  return answer;
});
