import type { Recorder } from "../core/types.js";
import { here } from "./place.js";

/** Records submitted forms: their name, and optionally the names of their fields. Never a value. */
export function captureForms({ record }: Recorder, withNames: boolean): void {
  function onSubmit({ target }: Event): void {
    if (!(target instanceof Element)) return;
    const fields = [...target.querySelectorAll("input,select,textarea")].map((field) => field.getAttribute("name"));
    record("form interaction", "submit", {
      ...here(),
      // Read as attributes, because a field named `id` would hide the form's property.
      form: target.getAttribute("id") ?? target.getAttribute("name"),
      fields: withNames ? [...new Set(fields)].filter(Boolean) : undefined,
    });
  }
  document.addEventListener("submit", onSubmit, { capture: true, passive: true });
}
