import type { Refusal } from "../../http/problem";

/** What a vendor's SDK sends, as far as a dialect reads it. */
export interface VendorRequest {
  method: string;
  /** Without prefix and without a slash at its end. */
  path: string;
  query: URLSearchParams;
  headers: Headers;
  /** The body as text, decompressed. */
  text: string;
}

/** What a vendor's request carries. */
export interface VendorCall {
  /** The write key, where the dialect finds it and the usual places (`Authorization`, `X-Write-Key`, `?key=`) do not. */
  key: string | null;
  /** Events of the native format, in the order sent. */
  events: Record<string, unknown>[];
  /** The request carries no events by nature, such as an SDK's own metrics: it is accepted and forgotten. */
  isAside?: true;
}

/** One vendor's protocol. Pure: it reads and answers, and touches nothing. */
export interface Dialect {
  name: string;
  /** The paths that the vendor's SDKs send to, without a slash at the end. */
  paths: readonly string[];
  read(request: VendorRequest): VendorCall | Refusal;
  /** The answer that the SDK takes for success. */
  accept(request: VendorRequest, call: VendorCall): Response;
  /** The answer from which the SDK draws the right conclusion: to try again later, or never. */
  refuse(request: VendorRequest, refusal: Refusal): Response;
}
