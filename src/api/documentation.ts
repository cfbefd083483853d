import { Hono } from "hono";
import type { AppEnv } from "./app-env";
import { openApiDocument } from "./openapi";
import { problem } from "./problem";
import { problemPage } from "./problem-pages";
import { PAGE_HEADERS, REFERENCE_PAGE, REFERENCE_SCRIPT } from "./reference-page";

/** Browsers ask again after an hour, so that page, script and document never differ for long after a deployment. */
const CACHE = { "Cache-Control": "public, max-age=3600" };

const NO_SNIFFING = { "X-Content-Type-Options": "nosniff" };

/** Made once for each isolate, when it is first asked for. */
let document: string | undefined;

/** `/`, `/openapi.json`, `/problems/{code}` and the files of Swagger UI: for everyone, without a key. */
export const documentation = new Hono<AppEnv>({ strict: false });

documentation.get("/", (c) => c.html(REFERENCE_PAGE, 200, { ...PAGE_HEADERS, ...CACHE }));

documentation.get("/openapi.json", (c) => {
  document ??= JSON.stringify(openApiDocument());
  return c.body(document, 200, { "Content-Type": "application/json", ...NO_SNIFFING, ...CACHE });
});

documentation.get("/problems/:code", (c) => {
  const page = problemPage(c.req.param("code"));
  return page === null
    ? problem("not_found", "There is no such code. The API reference at / lists them.")
    : c.json(page, 200, { ...NO_SNIFFING, ...CACHE });
});

documentation.get("/swagger-ui/init.js", (c) =>
  c.body(REFERENCE_SCRIPT, 200, { "Content-Type": "text/javascript; charset=utf-8", ...NO_SNIFFING, ...CACHE }),
);

documentation.get("/swagger-ui/*", async (c) => {
  const file = await c.env.ASSETS.fetch(c.req.raw);
  if (file.status === 404) return problem("not_found", "There is nothing at this path.");
  const answer = new Response(file.body, file);
  for (const [name, value] of Object.entries({ ...NO_SNIFFING, ...CACHE })) answer.headers.set(name, value);
  return answer;
});
