/**
 * Keeps browsers from guessing another type than an answer states: JSON that holds what somebody sent must never run as a
 * page.
 */
export function withoutSniffing(response: Response): Response {
  response.headers.set("X-Content-Type-Options", "nosniff");
  return response;
}
