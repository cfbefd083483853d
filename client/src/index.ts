import { createCore } from "./core/eye.js";
import type { AnyEvents, Eye, EyeOptions } from "./core/types.js";

export type {
  AnyEvents,
  CaptureOptions,
  Consent,
  Drop,
  EventStatus,
  Eye,
  EyeOptions,
  Recorder,
  TrackOptions,
} from "./core/types.js";

/**
 * Starts sending events from a page.
 *
 * @example
 * const eye = createEye<Events>({ url: "https://eye.example", key: "eye_w_…", capture: { pages: true } });
 * eye.track("page interaction", "cta click", { element: "chat bubble" });
 */
export function createEye<E extends object = AnyEvents>(options: EyeOptions): Eye<E> {
  const eye = createCore<E>(options);
  const { capture } = options;
  // Read now, because the page may navigate while the module loads.
  const at = performance.now();
  if (capture) void import("./auto/index.js").then(({ captureAuto }) => captureAuto(eye, capture, at));
  return eye;
}
