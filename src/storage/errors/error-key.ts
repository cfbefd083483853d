import { compareTexts } from "../../model/compare-texts";
import type { Micros } from "../../model/time/time";

/** An error's place in the order of receipt. */
export interface ErrorKey {
  receivedAt: Micros;
  id: string;
}

/** Compares as the primary key of `errors` does. Ids of errors are ASCII. */
export function compareErrorKeys(a: ErrorKey, b: ErrorKey): number {
  return a.receivedAt - b.receivedAt || compareTexts(a.id, b.id);
}
