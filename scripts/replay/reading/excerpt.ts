const MAX_CHARACTERS = 200;

/** The beginning of a line, safe for a terminal: control characters could move the cursor or change colours. */
export function excerptOf(text: string): string {
  const begin = text.slice(0, MAX_CHARACTERS).replace(/[\p{Cc}\p{Cf}]/gu, "·");
  return text.length > MAX_CHARACTERS ? `${begin}…` : begin;
}
