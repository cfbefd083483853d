import { Refusal } from "../problem";

/** Sent with every 401. The scheme is not Basic, because browsers would then ask for a password and keep it. */
export const CHALLENGE = { "WWW-Authenticate": 'Bearer realm="The Eye"' };

/**
 * Finds the key of a request: in `Authorization`, otherwise in `X-Write-Key`, otherwise in `?key=` (beacons cannot set
 * headers).
 *
 * A malformed `Authorization` is refused even if there is a key elsewhere, since the client meant to use this one.
 *
 * @returns the text sent as a key, null if there is none, or a refusal that says what is malformed
 */
export function findKey(request: Request): string | null | Refusal {
  const authorization = request.headers.get("Authorization");
  if (authorization !== null) return keyOfAuthorization(authorization.trim());
  const header = request.headers.get("X-Write-Key")?.trim();
  if (header) return header;
  // This check is cheaper than parsing the URL, and few requests have the key there.
  if (!request.url.includes("key=")) return null;
  return new URL(request.url).searchParams.get("key")?.trim() || null;
}

function keyOfAuthorization(value: string): string | Refusal {
  const [, scheme = "", credentials = ""] = /^(\S*)\s*(.*)$/.exec(value) ?? [];
  switch (scheme.toLowerCase()) {
    case "bearer":
    case "token":
      if (credentials === "") return malformed(`\`Authorization\` has no key after ${scheme}.`);
      return /\s/.test(credentials) ? malformed("The key in `Authorization` contains a space.") : credentials;
    case "basic":
      return keyOfBasic(credentials);
    default:
      return malformed("`Authorization` must be `Bearer <key>`, `Token <key>` or `Basic <base64 of key and colon>`.");
  }
}

/** The key is the user name; a password is ignored, since some clients insist on one. */
function keyOfBasic(credentials: string): string | Refusal {
  let pair: string;
  try {
    pair = atob(credentials);
  } catch {
    return malformed("The value after `Basic` in `Authorization` is not base64.");
  }
  const key = pair.split(":", 1)[0] ?? "";
  return key === "" ? malformed("The user name in `Authorization: Basic`, which is the key, is empty.") : key;
}

function malformed(detail: string): Refusal {
  return new Refusal("unauthorized", detail, {}, CHALLENGE);
}
