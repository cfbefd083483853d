import { type RequestOptions, request as requestHttp } from "node:http";
import { request as requestHttps } from "node:https";
import { text } from "node:stream/consumers";

export interface ServiceAnswer {
  status: number;
  body: string;
}

/**
 * Sends a request to the service that this script has started. With `--local-protocol https` wrangler makes a
 * self-signed certificate, which `fetch` refuses.
 *
 * @throws Error if nothing answers, or `signal` is aborted
 */
export function askService(
  url: string,
  options: Pick<RequestOptions, "method" | "headers"> & { signal: AbortSignal },
): Promise<ServiceAnswer> {
  return new Promise((resolve, reject) => {
    const sent =
      new URL(url).protocol === "https:"
        ? requestHttps(url, { ...options, rejectUnauthorized: false })
        : requestHttp(url, options);
    sent.once("error", reject);
    sent.once("response", (response) => {
      text(response).then((body) => resolve({ status: response.statusCode ?? 0, body }), reject);
    });
    sent.end();
  });
}

/** The body as JSON, or null. */
export function jsonOf({ body }: ServiceAnswer): unknown {
  try {
    return JSON.parse(body);
  } catch {
    return null;
  }
}
