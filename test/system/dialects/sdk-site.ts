import { readFile } from "node:fs/promises";
import { createServer, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { join, normalize } from "node:path";
import { ROOT } from "../service.ts";

export interface SdkSite {
  url: string;
  /** The HTML of every path except those of packages. */
  html: string;
  close(): void;
}

/** A web site whose pages load packages from node_modules, under `/npm/`. */
export async function startSdkSite(): Promise<SdkSite> {
  const site: SdkSite = { url: "", html: "", close: () => server.close() };
  const server = createServer((request, response) => {
    const { pathname } = new URL(request.url ?? "/", "http://localhost");
    if (pathname.startsWith("/npm/")) return void sendFile(normalize(pathname.slice(5)), response);
    response.writeHead(200, { "Content-Type": "text/html; charset=utf-8" });
    response.end(site.html);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  site.url = `http://localhost:${(server.address() as AddressInfo).port}`;
  return site;
}

async function sendFile(path: string, response: ServerResponse): Promise<void> {
  try {
    const content = await readFile(join(ROOT, "node_modules", path));
    response.writeHead(200, { "Content-Type": "text/javascript; charset=utf-8" });
    response.end(content);
  } catch {
    response.writeHead(404);
    response.end();
  }
}
