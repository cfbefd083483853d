import * as v from "valibot";

/**
 * Links in responses are references relative to the requested URL (RFC 3986). A proxy may add a path prefix that the
 * service does not know. An absolute path would lose that prefix.
 *
 * Handlers write paths of this service, such as `/theeye/replays/1`, into `Location` and into a problem's `type`. The
 * router then makes them relative. All other links are made with `linkTo`.
 */

/** A request: its URL, and its path without `PATH_PREFIX`. */
export interface Asked {
  url: string;
  path: string;
}

/**
 * Returns the reference from the requested URL to a path of this service.
 *
 * @example linkTo({ url: "https://example.com/eye/theeye/errors/replay", path: "/theeye/errors/replay" }, "/theeye/replays/1")
 * // "../../theeye/replays/1"
 */
export function linkTo(asked: Asked, path: string): string {
  const reference = "../".repeat(depthOf(asked)) + path.slice(1);
  return reference === "" ? "./" : reference;
}

/** How many folders the requested URL is below the service's root. The router drops a trailing slash, but browsers keep it. */
function depthOf({ url, path }: Asked): number {
  const folders = path.replace(/\/+$/, "").split("/").length - 2;
  const endsInFolder = new URL(url).pathname.endsWith("/") && path !== "/";
  return Math.max(0, folders) + (endsInFolder ? 1 : 0);
}

const ProblemSchema = v.looseObject({ type: v.pipe(v.string(), v.startsWith("/")) });

/** Makes `Location` and a problem's `type` relative to the requested URL. Other responses are unchanged. */
export async function withRelativeLinks(response: Response, asked: Asked): Promise<Response> {
  const location = response.headers.get("Location");
  if (location?.startsWith("/")) response.headers.set("Location", linkTo(asked, location));
  if (response.headers.get("Content-Type") !== "application/problem+json") return response;
  const text = await response.text();
  const body = v.safeParse(ProblemSchema, JSON.parse(text));
  const { status, headers } = response;
  if (!body.success) return new Response(text, { status, headers });
  return new Response(JSON.stringify({ ...body.output, type: linkTo(asked, body.output.type) }), { status, headers });
}

const LinkedSchema = v.looseObject({ type: v.optional(v.string()), url: v.optional(v.string()) });

/**
 * Makes the links of another operation's response relative to this request.
 *
 * @param from the URL of the other operation, without `PATH_PREFIX`
 */
export async function withLinksFrom(response: Response, from: URL, asked: Asked): Promise<Response> {
  const moved = (link: string) => linkTo(asked, new URL(link, from).pathname);
  if (response.status !== 202 && response.status < 400) return response;
  const { status, headers } = response;
  const location = headers.get("Location");
  if (location !== null) headers.set("Location", moved(location));
  const { type, url, ...body } = v.parse(LinkedSchema, await response.json());
  const links = {
    ...(type === undefined ? {} : { type: moved(type) }),
    ...(url === undefined ? {} : { url: moved(url) }),
  };
  return new Response(JSON.stringify({ ...links, ...body }), { status, headers });
}
