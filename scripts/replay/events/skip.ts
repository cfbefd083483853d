import { isbot } from "isbot";
import type { LogEntry } from "../formats/entry.ts";

/**
 * Files that a page loads automatically. Documents such as .pdf and .zip are not among them, because somebody requested
 * them.
 */
const ASSET =
  /\.(?:css|less|js|mjs|cjs|map|wasm|png|apng|jpe?g|gif|webp|avif|svg|ico|cur|bmp|woff2?|ttf|otf|eot|webmanifest)$/i;

/** Whether the path is of a stylesheet, script, image or font. */
export function isAsset(path: string | null): boolean {
  return path !== null && ASSET.test(path.replace(/[?#;].*$/s, ""));
}

/** Whether the user agent names a crawler, a monitor or a program, by the list of `isbot`. */
export function isBot(userAgent: string | null): boolean {
  return userAgent !== null && isbot(userAgent);
}

export type Skip = "asset" | "bot";

/** Why an entry is skipped, or null if it is sent. */
export function skipReason(entry: LogEntry, skip: { assets: boolean; bots: boolean }): Skip | null {
  if (skip.assets && isAsset(entry.path)) return "asset";
  if (skip.bots && isBot(entry.userAgent)) return "bot";
  return null;
}
