import { Refusal } from "../../../src/http/problem";
import type { Dialect, VendorCall, VendorRequest } from "../../../src/ingest/dialects/dialect";

/** A request of a vendor's SDK: the body as text, or as a value that is sent as JSON. */
export function requestOf(path: string, body: unknown, more: Partial<VendorRequest> = {}): VendorRequest {
  const text = typeof body === "string" ? body : JSON.stringify(body);
  const [name = "", query = ""] = path.split("?");
  return { method: "POST", path: name, query: new URLSearchParams(query), headers: new Headers(), text, ...more };
}

/** What a dialect reads from a request that it accepts. */
export function read(dialect: Dialect, path: string, body: unknown, more: Partial<VendorRequest> = {}): VendorCall {
  const call = dialect.read(requestOf(path, body, more));
  if (call instanceof Refusal) throw new Error(call.detail);
  return call;
}

export const T = "2026-11-26T10:00:00.123Z";
