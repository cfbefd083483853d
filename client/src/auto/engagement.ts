import type { CaptureOptions, Recorder } from "../core/types.js";
import { here } from "./place.js";

/**
 * Records, whenever a page is left or hidden, how long it was visible since the last time, and how far it was scrolled.
 *
 * @returns a function to call when a page of a single-page application is left
 */
export function captureEngagement({ record }: Recorder, { scroll, engagement }: CaptureOptions): () => void {
  let place = here();
  let since = performance.now();
  let isSeen = !document.hidden;
  let depth = 0;

  function look(): void {
    const { scrollHeight } = document.documentElement;
    depth = Math.max(depth, Math.min(100, Math.round(((scrollY + innerHeight) / scrollHeight) * 100)));
  }

  function report(): void {
    const seconds = Math.round((performance.now() - since) / 100) / 10;
    if (isSeen && seconds >= 1) {
      look();
      const data = { ...place, seconds: engagement ? seconds : undefined, depth: scroll ? depth : undefined };
      record("page interaction", "engagement", data);
      since = performance.now();
    }
    place = here();
  }

  document.addEventListener("scroll", look, { capture: true, passive: true });
  document.addEventListener("visibilitychange", () => {
    if (document.hidden) report();
    since = performance.now();
    isSeen = !document.hidden;
  });
  addEventListener("pagehide", report);
  return () => {
    report();
    depth = 0;
  };
}
