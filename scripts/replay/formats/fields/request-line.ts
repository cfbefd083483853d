const METHOD = /^([A-Za-z-]{1,40}) (?=.)/s;

/** At the end of a text of these few characters. */
const VERSION = / HTTP\/\d(?:\.\d)?$/;
const VERSION_CHARACTERS = " HTTP/1.1".length;

export interface RequestLine {
  method: string | null;
  path: string | null;
  /** The whole line if it is not HTTP, for example if a client speaks TLS to a plain port. */
  request: string | null;
}

/** Parses `GET /path HTTP/1.1`. */
export function readRequestLine(line: string): RequestLine {
  const method = METHOD.exec(line)?.[1];
  if (method === undefined) return { method: null, path: null, request: line };
  const version = VERSION.exec(line.slice(-VERSION_CHARACTERS))?.[0] ?? "";
  const path = line.slice(method.length + 1, line.length - version.length);
  // A request line may be cut after its method.
  return path === "" ? { method: null, path: null, request: line } : { method, path, request: null };
}
