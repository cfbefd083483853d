import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Browser, type BrowserContext, chromium, type Page } from "playwright-core";
import { LOCAL_KEYS } from "../../../scripts/start/local-keys.ts";
import { CHROMIUM, FLAGS } from "../pages/browser.ts";
import { eventually, ROOT, type Service, startService } from "../service.ts";
import { type Edge, startEdge } from "./edge.ts";
import { pageWith, type Site, startSite } from "./site.ts";
import { errorsOf, type Stored, storedOf } from "./stored.ts";

/** The running service, an edge in front of it, a site, and a browser. */
export interface World {
  service: Service;
  edge: Edge;
  site: Site;
  browser: Browser;
  /** Options of the client that point to the edge. */
  options: { url: string; key: string };
  /** Opens a page with the client, which sends nothing by itself. */
  open(context: BrowserContext, path?: string, host?: string): Promise<Page>;
  /** Waits until this many events of a category are stored, and returns them, oldest first. */
  stored(category: string, count: number): Promise<Stored[]>;
  errors(category: string): Promise<unknown[]>;
  stop(): Promise<void>;
}

/** How long starting everything may take on a slow machine. */
export const START_MS = 180_000;

export async function startWorld(): Promise<World> {
  // The published build, not src.
  execFileSync("npm", ["run", "--silent", "build:client"], { cwd: ROOT });
  const folder = mkdtempSync(join(tmpdir(), "the-eye-client-"));
  const service = await startService(folder);
  const [edge, site] = await Promise.all([startEdge(service.url), startSite()]);
  const options = { url: edge.url, key: LOCAL_KEYS.write };
  site.put("/", pageWith(options));
  const browser = await chromium.launch({
    executablePath: CHROMIUM,
    args: [...FLAGS, "--host-resolver-rules=MAP *.shop.test 127.0.0.1"],
    // Enables the back/forward cache, as in normal browsers.
    ignoreDefaultArgs: ["--disable-back-forward-cache"],
  });
  return {
    ...{ service, edge, site, browser, options },
    async open(context, path = "/", host = "localhost") {
      const page = await context.newPage();
      await page.goto(`http://${host}:${site.port}${path}`);
      await page.waitForFunction(() => "eye" in globalThis);
      return page;
    },
    async stored(category, count) {
      await eventually(async () => ((await storedOf(service.url, category)).length >= count ? true : null), 60_000);
      return storedOf(service.url, category);
    },
    errors: (category) => errorsOf(service.url, category),
    async stop() {
      await browser.close();
      edge.close();
      site.close();
      await service.stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
