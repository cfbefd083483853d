import type { DeclaredText } from "../worker.ts";

/** The types of the questions: pages are opened, buttons clicked, forms sent. */
export const PAGEVIEW = { category: "page interaction", name: "pageview" };
export const CLICK = { category: "page interaction", name: "cta click" };
export const SUBMIT = { category: "form interaction", name: "submit" };

/** The declared properties: one with 500 values, one with three. */
export const DECLARED: DeclaredText[] = [
  { ...PAGEVIEW, path: "path" },
  { ...CLICK, path: "element" },
];
