import { here } from "./auto/place.js";
import type { Recorder } from "./core/types.js";

/** Further errors of a page add nothing new, and a loop of failures would fill the queue. */
const MAX_ERRORS = 5;
const MAX_STACK = 2000;

/** Records the first five uncaught errors and unhandled rejections of a page. */
export function captureErrors({ record }: Recorder): void {
  let count = 0;

  function report(name: string, error: unknown, details: object): void {
    if (++count > MAX_ERRORS) return;
    const { message, stack } = error instanceof Error ? error : { message: String(error), stack: undefined };
    record("error", name, {
      ...here(),
      message: message.slice(0, MAX_STACK),
      ...details,
      stack: stack?.slice(0, MAX_STACK),
    });
  }

  addEventListener("error", ({ error, message, filename, lineno, colno }) => {
    report("uncaught error", error ?? message, { source: filename, line: lineno, column: colno });
  });
  addEventListener("unhandledrejection", ({ reason }) => report("unhandled rejection", reason, {}));
}
