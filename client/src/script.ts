import { captureAuto } from "./auto/index.js";
import { createCore } from "./core/eye.js";
import type { CaptureOptions, Consent } from "./core/types.js";
import { captureErrors } from "./errors.js";
import { captureVitals } from "./vitals.js";

/**
 * The client for pages without a bundler:
 *
 *     <script>window.eye=window.eye||function(){(eye.q=eye.q||[]).push(arguments)}</script>
 *     <script async src="https://eye.example/eye.js" data-key="eye_w_…" data-capture="pages outbound vitals"></script>
 *
 * `eye("track", category, name, data)` calls a method, even before the script has loaded.
 */
declare global {
  interface Window {
    eye?: object & { q?: ArrayLike<unknown>[] };
  }
}

const script = document.currentScript;
if (script instanceof HTMLScriptElement) start(script);

function start({ src, dataset }: HTMLScriptElement): void {
  const at = performance.now();
  const words = (dataset.capture ?? "pages").split(/[\s,]+/);
  const has = (word: string) => words.includes(word);
  const eye = createCore({
    url: dataset.url ?? src.replace(/\/[^/]*$/, ""),
    key: dataset.key ?? "",
    consent: isConsent(dataset.consent) ? dataset.consent : "granted",
    honourGpc: dataset.gpc !== "ignore",
    honourDnt: dataset.dnt === "honour",
  });
  const capture: CaptureOptions = {
    pages: has("hash") ? "hash" : has("pages"),
    forms: has("forms") && "names",
  };
  for (const word of ["clicks", "outbound", "downloads", "scroll", "engagement"] as const) capture[word] = has(word);

  const call = (method: unknown, ...rest: unknown[]): unknown => {
    const act: unknown = Reflect.get(eye, String(method));
    return typeof act === "function" ? act(...rest) : undefined;
  };
  const waiting = window.eye?.q ?? [];
  window.eye = Object.assign(call, eye, { q: [] });
  captureAuto(eye, capture, at);
  if (has("vitals")) captureVitals(eye);
  if (has("errors")) captureErrors(eye);
  for (const [method, ...rest] of waiting.map((args) => Array.from(args))) call(method, ...rest);
}

function isConsent(text: string | undefined): text is Consent {
  return text === "pending" || text === "denied" || text === "granted";
}
