import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { basename, join } from "node:path";
import { ROOT } from "../service.ts";

export interface Site {
  port: number;
  /** Serves a page at a path. */
  put(path: string, html: string, headers?: Record<string, string>): void;
  close(): void;
}

/** A web site with custom pages; the built client is under `/lib/`. */
export async function startSite(): Promise<Site> {
  const pages = new Map<string, { html: string; headers: Record<string, string> }>();
  const server = createServer((request, response) => {
    const { pathname } = new URL(request.url ?? "/", "http://localhost");
    const page = pages.get(pathname);
    if (pathname.startsWith("/lib/")) {
      response.writeHead(200, { "Content-Type": "text/javascript" });
      response.end(readFileSync(join(ROOT, "client/dist", basename(pathname))));
    } else {
      response.writeHead(page === undefined ? 404 : 200, {
        "Content-Type": "text/html; charset=utf-8",
        ...page?.headers,
      });
      response.end(page?.html);
    }
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    port: (server.address() as AddressInfo).port,
    put: (path, html, headers = {}) => void pages.set(path, { html, headers }),
    close: () => server.close(),
  };
}

/** A page that starts the client as `eye`, and records sent and dropped events. */
export function pageWith(options: Record<string, unknown>, body = "", script = ""): string {
  return `<!doctype html><title>A page</title><body>${body}<script type="module">
import { createEye } from "/lib/index.js";
window.ids = []; window.drops = [];
window.eye = createEye(${JSON.stringify(options)});
eye.on("drop", (drop) => drops.push(drop));
window.send = (category, number) => ids.push(eye.track(category, "step", { number }));
${script}
</script>`;
}
