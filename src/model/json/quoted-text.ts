/** Printable ASCII without the quote and the backslash, which JSON writes as it is. */
const PLAIN = /^[ !#-[\]-~]*$/;

/** A text as a JSON string. The same as `JSON.stringify`, in half the time for ids and names, which are mostly plain. */
export function quotedText(text: string): string {
  return PLAIN.test(text) ? `"${text}"` : JSON.stringify(text);
}
