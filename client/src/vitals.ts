import { type Metric, onCLS, onFCP, onINP, onLCP, onTTFB } from "web-vitals";
import { here } from "./auto/place.js";
import type { Recorder } from "./core/types.js";

/**
 * Records the Core Web Vitals of the page, one event each: LCP, INP, CLS, FCP and TTFB. They are measured by Google's
 * library `web-vitals`, which is bundled into this file.
 */
export function captureVitals({ record }: Recorder): void {
  const report = ({ name, value, rating, navigationType }: Metric) => {
    record("web vitals", name, {
      ...here(),
      value: Math.round(value * 1000) / 1000,
      rating,
      navigation: navigationType,
    });
  };
  for (const on of [onLCP, onINP, onCLS, onFCP, onTTFB]) on(report);
}
