import { Refusal } from "../../http/problem";

/** Parses a body as JSON, or refuses it. */
export function parseBody(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return new Refusal("invalid_json", "The body is not JSON.");
  }
}

/**
 * Parses JSON that some SDKs encode: plain, as base64, or in the field `data` of a form, which is plain or base64 too.
 */
export function parseHidden(text: string): unknown {
  const plain = tryParse(text);
  if (plain !== undefined) return plain;
  const field = /(?:^|&)data=/.test(text) ? new URLSearchParams(text).get("data") : null;
  // Form decoding turns an unescaped plus sign into a space. Base64 has no spaces, so this can be undone.
  const inner = field ?? text;
  const value = tryParse(inner) ?? tryParse(decodeBase64(inner.trim().replaceAll(" ", "+")) ?? "");
  return (
    value ??
    new Refusal("invalid_json", "The body is neither JSON nor base64 of JSON, and no form field `data` is either.")
  );
}

function tryParse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Decodes base64 or base64url, with or without padding. Null if the text is neither. */
export function decodeBase64(text: string): string | null {
  try {
    const binary = atob(text.replaceAll("-", "+").replaceAll("_", "/"));
    return decodeUtf8(Uint8Array.from(binary, (character) => character.charCodeAt(0)));
  } catch {
    return null;
  }
}

const utf8 = new TextDecoder();

/**
 * Decodes UTF-8 or CESU-8: some SDKs write a character beyond the basic plane as two surrogates of three bytes each.
 */
function decodeUtf8(bytes: Uint8Array): string {
  if (!bytes.some((byte, index) => byte === 0xed && (bytes[index + 1] ?? 0) >= 0xa0)) return utf8.decode(bytes);
  let text = "";
  let start = 0;
  for (let index = 0; index < bytes.length; index++) {
    const second = bytes[index + 1] ?? 0;
    const third = bytes[index + 2] ?? 0;
    if (bytes[index] !== 0xed || second < 0xa0 || second > 0xbf || third < 0x80 || third > 0xbf) continue;
    text += utf8.decode(bytes.subarray(start, index));
    text += String.fromCharCode(0xd000 | ((second & 0x3f) << 6) | (third & 0x3f));
    index += 2;
    start = index + 1;
  }
  // A lone surrogate, left when an SDK has cut a text, is not a character.
  return (text + utf8.decode(bytes.subarray(start))).toWellFormed();
}
