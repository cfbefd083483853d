/** Keeps browsers from guessing a content type: JSON with data that somebody sent must never run as a page. */
export const NO_SNIFFING = { "X-Content-Type-Options": "nosniff" };

/** Adds `NO_SNIFFING` to a response. */
export function withoutSniffing(response: Response): Response {
  for (const [name, value] of Object.entries(NO_SNIFFING)) response.headers.set(name, value);
  return response;
}
