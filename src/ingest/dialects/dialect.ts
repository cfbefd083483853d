import type { Refusal } from "../../http/problem";

/** The parts of a vendor's request that a dialect reads. */
export interface VendorRequest {
  method: string;
  /** Without the prefix and without a trailing slash. */
  path: string;
  query: URLSearchParams;
  headers: Headers;
  /** The body as text, decompressed. */
  text: string;
}

/** The content of a vendor's request. */
export interface VendorCall {
  /**
   * The write key, if the vendor's protocol has its own place for it. Null: look in `Authorization`, `X-Write-Key` and
   * `?key=`.
   */
  key: string | null;
  /** Events in the native format, in the order sent. */
  events: Record<string, unknown>[];
  /** The request never has events, such as an SDK's own metrics. It is accepted and ignored. */
  isAside?: true;
}

/** One vendor's protocol, as pure functions. */
export interface Dialect {
  name: string;
  /** The paths that the vendor's SDKs send to, without a trailing slash. */
  paths: readonly string[];
  read(request: VendorRequest): VendorCall | Refusal;
  /** The response that the SDK treats as success. */
  accept(request: VendorRequest, call: VendorCall): Response;
  /** The response that makes the SDK do the right thing: retry later, or never. */
  refuse(request: VendorRequest, refusal: Refusal): Response;
}
