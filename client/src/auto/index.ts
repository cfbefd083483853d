import type { CaptureOptions, Recorder } from "../core/types.js";
import { captureClicks } from "./clicks.js";
import { captureEngagement } from "./engagement.js";
import { captureForms } from "./forms.js";
import { capturePages } from "./pages.js";

/**
 * Captures events without further code. `createEye` calls it for its option `capture`.
 *
 * @param at when the page began, in the time of `performance.now()`
 * @example captureAuto(eye, { pages: true, outbound: true, forms: "names" });
 */
export function captureAuto(eye: Recorder, options: CaptureOptions, at = performance.now()): void {
  const { pages, forms, scroll, engagement, clicks, outbound, downloads } = options;
  const onMove = scroll || engagement ? captureEngagement(eye, options) : () => {};
  if (pages) capturePages(eye, pages === "hash", onMove, at);
  if (clicks || outbound || downloads) captureClicks(eye, options);
  if (forms) captureForms(eye, forms === "names");
}
