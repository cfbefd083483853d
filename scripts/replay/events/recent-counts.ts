/** 32-bit words of a key: 96 bits, so the probability that two of a billion keys are equal is 10⁻¹¹. */
const KEY_WORDS = 3;

/** Twice as many slots as keys, to keep searches short. */
const SLOTS_PER_KEY = 2;

const MAX_COUNT = 0xffff_ffff;

/**
 * Counts how often keys occur, among at least the latest `capacity` different keys and at most twice as many. The memory is
 * fixed (two tables of 32 bytes for each key of the capacity) and outside of the heap: half a million strings in a Map cost
 * the garbage collector more than the parsing.
 */
export class RecentCounts {
  readonly #capacity: number;
  #recent: Table;
  #older: Table;

  constructor(capacity: number) {
    this.#capacity = capacity;
    this.#recent = new Table(capacity * SLOTS_PER_KEY);
    this.#older = new Table(capacity * SLOTS_PER_KEY);
  }

  /** @param key at least 24 hexadecimal digits of a hash. @returns how often it has occurred, including this time. */
  next(key: string): number {
    const words = [0, 8, 16].map((at) => Number.parseInt(key.slice(at, at + 8), 16)) as [number, number, number];
    const slot = this.#recent.find(words);
    const count = Math.min((this.#recent.count(slot) || this.#older.count(this.#older.find(words))) + 1, MAX_COUNT);
    this.#recent.set(slot, words, count);
    if (this.#recent.size === this.#capacity) {
      [this.#recent, this.#older] = [this.#older, this.#recent];
      this.#recent.clear();
    }
    return count;
  }

  clear(): void {
    this.#recent.clear();
    this.#older.clear();
  }
}

/** A hash table with open addressing. A count of 0 marks a free slot. */
class Table {
  readonly #keys: Uint32Array;
  readonly #counts: Uint32Array;
  size = 0;

  constructor(slots: number) {
    this.#keys = new Uint32Array(slots * KEY_WORDS);
    this.#counts = new Uint32Array(slots);
  }

  /** The slot of a key, or the free slot for it. */
  find(words: readonly [number, number, number]): number {
    const slots = this.#counts.length;
    for (let slot = words[0] % slots; ; slot = (slot + 1) % slots) {
      if (this.#counts[slot] === 0 || this.#holds(slot, words)) return slot;
    }
  }

  count(slot: number): number {
    return this.#counts[slot] ?? 0;
  }

  set(slot: number, words: readonly [number, number, number], count: number): void {
    if (this.#counts[slot] === 0) {
      this.size++;
      this.#keys.set(words, slot * KEY_WORDS);
    }
    this.#counts[slot] = count;
  }

  clear(): void {
    this.#counts.fill(0);
    this.size = 0;
  }

  #holds(slot: number, [first, second, third]: readonly [number, number, number]): boolean {
    const at = slot * KEY_WORDS;
    return this.#keys[at] === first && this.#keys[at + 1] === second && this.#keys[at + 2] === third;
  }
}
