/**
 * Keeps code of the pipeline optimised. V8's optimised code depends on the hidden classes of the objects that it handles,
 * and is discarded when the garbage collector finds no object of such a class. Between two batches there is none, so the same
 * functions were compiled again after every major collection. Now each isolate keeps the latest object of each kind.
 *
 * `npm run bench:profile` does not show it; `--log-deopt` of V8 does ("embedded weak objects cleared", bench/README.md).
 */
const kept = new Map<Kind, unknown>();

type Kind = "call" | "chunk" | "counts" | "dataset" | "event" | "message" | "row" | "verdict";

/** Keeps an object alive until the next one of its kind. It must be small: what it refers to stays alive, too. */
export function keepShape(kind: Kind, example: unknown): void {
  kept.set(kind, example);
}
