import { createExecutionContext } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { createApp } from "../../src/api/app";

const app = createApp();

/** Sends a request through the whole HTTP interface, with the local admin key by default. */
export async function ask(path: string, init: RequestInit = {}, bindings: Env = env): Promise<Response> {
  const headers = new Headers(init.headers);
  if (!headers.has("Authorization")) headers.set("Authorization", "Bearer eye_a_local");
  if (headers.get("Authorization") === "none") headers.delete("Authorization");
  const context = createExecutionContext();
  return app.fetch(new Request(`https://eye.example${path}`, { ...init, headers }), bindings, context);
}

/** The path that a link of an answer leads to, from the path that was asked. */
export function pathOf(link: string | null, asked: string): string {
  if (link === null) throw new Error(`the answer of ${asked} has no link`);
  const { pathname, search } = new URL(link, `https://eye.example${asked}`);
  return pathname + search;
}
