/** The value of a cookie. Empty if there is none, or if cookies are denied, as in a sandboxed page. */
export function readCookie(name: string): string {
  try {
    return `; ${document.cookie}`.split(`; ${name}=`)[1]?.split(";")[0] ?? "";
  } catch {
    return "";
  }
}

/**
 * Sets a cookie on the widest domain that accepts it, the registrable one: browsers refuse public suffixes. A host of one
 * label has no such domain.
 */
export function writeCookie(name: string, value: string, lifetimeMs: number): void {
  const labels = location.hostname.split(".");
  for (let first = labels.length - 2; first > -2 && readCookie(name) !== value; first--) {
    const domain = first < 0 ? "" : `;domain=${labels.slice(first).join(".")}`;
    try {
      // biome-ignore lint/suspicious/noDocumentCookie: the Cookie Store API is asynchronous and needs TLS
      document.cookie = `${name}=${value};path=/;max-age=${lifetimeMs / 1e3};samesite=lax${domain}`;
    } catch {
      // As above.
    }
  }
}
