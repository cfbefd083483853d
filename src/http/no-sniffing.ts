/**
 * Keeps browsers from guessing another type than an answer states: JSON that holds what somebody sent must never run as a
 * page.
 */
export const NO_SNIFFING = { "X-Content-Type-Options": "nosniff" };

/** Adds `NO_SNIFFING` to an answer. */
export function withoutSniffing(response: Response): Response {
  for (const [name, value] of Object.entries(NO_SNIFFING)) response.headers.set(name, value);
  return response;
}
