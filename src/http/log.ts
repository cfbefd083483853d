/** Structured log lines of the edge. None contains a key, a payload or a URL's query string. */

interface RefusedRequest {
  code: string;
  status: number;
  method: string;
  path: string;
  application: string | null;
}

/** Logs a refused request in one line. */
export function logRefusal(refused: RefusedRequest): void {
  console.log(JSON.stringify({ event: "request_refused", ...refused }));
}

/** Logs an error of the platform. The client learns only that it may try again. */
export function logFailure(event: string, error: unknown): void {
  const { name, message, stack } = error instanceof Error ? error : new Error(String(error));
  console.error(JSON.stringify({ event, name, message, stack }));
}
