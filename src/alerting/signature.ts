/**
 * Signs a message: `v1=` and the hexadecimal HMAC-SHA256 of `<timestamp>.<body>`. The timestamp keeps an intercepted
 * message from being replayed later.
 *
 * @param timestamp seconds since 1970, as in `X-Eye-Timestamp`
 */
export async function signMessage(secret: string, timestamp: number, body: string): Promise<string> {
  const encoder = new TextEncoder();
  const algorithm = { name: "HMAC", hash: "SHA-256" };
  const key = await crypto.subtle.importKey("raw", encoder.encode(secret), algorithm, false, ["sign"]);
  const signature = await crypto.subtle.sign("HMAC", key, encoder.encode(`${timestamp}.${body}`));
  const hex = Array.from(new Uint8Array(signature), (byte) => byte.toString(16).padStart(2, "0"));
  return `v1=${hex.join("")}`;
}
