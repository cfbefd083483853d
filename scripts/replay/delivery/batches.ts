/**
 * Packs items as JSON into array bodies of at most `maxItems` items and `maxBytes` bytes. A larger item is alone in its
 * body.
 */
export function* jsonBatches<T>(
  items: readonly T[],
  maxItems: number,
  maxBytes: number,
): Generator<{ items: number; body: string }> {
  let texts: string[] = [];
  let bytes = 2;
  for (const item of items) {
    const text = JSON.stringify(item);
    const size = Buffer.byteLength(text) + 1;
    if (texts.length > 0 && (texts.length === maxItems || bytes + size > maxBytes)) {
      yield { items: texts.length, body: `[${texts.join(",")}]` };
      texts = [];
      bytes = 2;
    }
    texts.push(text);
    bytes += size;
  }
  if (texts.length > 0) yield { items: texts.length, body: `[${texts.join(",")}]` };
}

/** Runs `work` over the items, at most `concurrency` at once. The first failure stops it. */
export async function concurrently<T>(
  items: Iterable<T>,
  concurrency: number,
  work: (item: T) => Promise<void>,
): Promise<void> {
  const iterator = items[Symbol.iterator]();
  async function worker(): Promise<void> {
    for (let next = iterator.next(); next.done !== true; next = iterator.next()) await work(next.value);
  }
  await Promise.all(Array.from({ length: concurrency }, worker));
}
