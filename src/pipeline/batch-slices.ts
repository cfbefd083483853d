import { MAX_SLICE_CHARACTERS } from "../model/limits";

/**
 * Divides a batch into slices that are processed one after the other. A batch may have 100 messages of 120 KB, and JSON
 * such as `[{},{},…]` grows twentyfold when it is parsed. Messages are queued as text, so only one slice is parsed at a
 * time. Nearly every batch is one slice.
 *
 * @returns the indexes of each slice's messages, in order
 */
export function sliceBatch(bodies: readonly unknown[]): number[][] {
  const slices: number[][] = [];
  let open: number[] = [];
  let characters = 0;
  for (const [place, body] of bodies.entries()) {
    const own = typeof body === "string" ? body.length : 0;
    if (open.length > 0 && characters + own > MAX_SLICE_CHARACTERS) {
      slices.push(open);
      open = [];
      characters = 0;
    }
    open.push(place);
    characters += own;
  }
  if (open.length > 0) slices.push(open);
  return slices;
}
