import { compareTexts } from "../../compare-texts";
import type { Interval } from "../numbers/estimate";
import { type Accuracy, accuracyOf, countOf } from "../numbers/sampling";
import { END } from "./paths";

/** Distinct keys that are counted separately, and their total characters. Later keys are combined as OTHER. */
export const MAX_PATH_KEYS = 5_000;
const MAX_KEY_CHARACTERS = 500_000;

/** Distinct edges that are counted separately on one level. */
export const MAX_EDGES_PER_LEVEL = 10_000;

/** The key that combines rare keys. */
export const OTHER = "(other)";

/** The counts of the paths so far, in a form that JSON can store. Keys are indexes into `keys`. */
export interface PathState {
  keys: string[];
  first: [key: number, count: number][];
  /** By level: [0] leads from the first keys to the second. */
  edges: [from: number, to: number, count: number][][];
  isFolded: boolean;
}

/** Counts paths by their keys and edges. States of different sessions can be added. */
export class PathTally {
  private readonly places = new Map<string, number>();
  private characters = 0;
  private readonly first = new Map<number, number>();
  private readonly edges: Map<string, [number, number, number]>[] = [];
  private isFolded = false;

  /** @param keys the keys of a path, by level */
  add(keys: readonly string[]): void {
    const places = keys.map((key) => this.placeOf(key));
    const [start] = places;
    if (start === undefined) return;
    this.addFirst(start, 1);
    for (const [level, to] of places.slice(1).entries()) this.addEdge(level, places[level] ?? start, to, 1);
  }

  addAll(state: PathState): void {
    const places = state.keys.map((key) => this.placeOf(key));
    const own = (place: number) => places[place] ?? this.placeOf(OTHER);
    for (const [key, count] of state.first) this.addFirst(own(key), count);
    for (const [level, edges] of state.edges.entries()) {
      for (const [from, to, count] of edges) this.addEdge(level, own(from), own(to), count);
    }
    this.isFolded ||= state.isFolded;
  }

  get state(): PathState {
    return {
      keys: [...this.places.keys()],
      first: [...this.first],
      edges: this.edges.map((edges) => [...edges.values()]),
      isFolded: this.isFolded,
    };
  }

  private placeOf(key: string): number {
    const known = this.places.get(key);
    if (known !== undefined) return known;
    const isFull = this.places.size >= MAX_PATH_KEYS || this.characters + key.length > MAX_KEY_CHARACTERS;
    if (isFull && key !== OTHER && key !== END) {
      this.isFolded = true;
      return this.placeOf(OTHER);
    }
    this.characters += key.length;
    this.places.set(key, this.places.size);
    return this.places.size - 1;
  }

  private addFirst(key: number, count: number): void {
    this.first.set(key, (this.first.get(key) ?? 0) + count);
  }

  private addEdge(level: number, from: number, to: number, count: number): void {
    const edges = this.edges[level] ?? new Map<string, [number, number, number]>();
    this.edges[level] = edges;
    const name = `${from} ${to}`;
    const known = edges.get(name);
    if (known !== undefined) {
      known[2] += count;
      return;
    }
    if (edges.size < MAX_EDGES_PER_LEVEL) {
      edges.set(name, [from, to, count]);
      return;
    }
    this.isFolded = true;
    const other = this.placeOf(OTHER);
    const folded = edges.get(`${other} ${other}`) ?? [other, other, 0];
    folded[2] += count;
    edges.set(`${other} ${other}`, folded);
  }
}

interface Counted {
  count: number;
  interval_95?: Interval;
}

export interface PathAnswer {
  levels: ({ key: string } & Counted)[][];
  edges: ({ level: number; from: string; to: string } & Counted)[];
  accuracy: Accuracy;
}

/**
 * Nodes and edges, the most frequent first. Each level shows the `top` keys and END, and combines the others as OTHER.
 *
 * @param share the share of the sessions that was read; 1: all
 */
export function pathAnswer(state: PathState, top: number, share: number): PathAnswer {
  const { keys, first, edges, isFolded } = state;
  const found = [sums(first), ...edges.map((own) => sums(own.map(([, to, count]) => [to, count])))];
  const shown = found.map((counts) => shownKeys(counts, keys, top));
  const nameAt = (level: number, key: number) => (shown[level]?.has(key) === true ? (keys[key] ?? OTHER) : OTHER);
  const levels = found.map((counts, level) =>
    named([...counts].map(([key, count]) => [[nameAt(level, key)], count])).map(([[key = OTHER], count]) => ({
      key,
      ...countOf(count, share),
    })),
  );
  const steps = edges.flatMap((own, level) =>
    named(own.map(([from, to, count]) => [[nameAt(level, from), nameAt(level + 1, to)], count])).map(
      ([[from = OTHER, to = OTHER], count]) => ({ level, from, to, ...countOf(count, share) }),
    ),
  );
  return {
    levels: levels.filter(({ length }) => length > 0),
    edges: steps,
    accuracy: accuracyOf({ share, isFolded }),
  };
}

function sums(entries: readonly (readonly [number, number])[]): Map<number, number> {
  const all = new Map<number, number>();
  for (const [key, count] of entries) all.set(key, (all.get(key) ?? 0) + count);
  return all;
}

/** The indexes of the most frequent keys, and of END. */
function shownKeys(counts: ReadonlyMap<number, number>, keys: readonly string[], top: number): Set<number> {
  const isNamed = (key: number) => keys[key] !== END && keys[key] !== OTHER;
  const ranked = [...counts]
    .filter(([key]) => isNamed(key))
    .sort(([a, as], [b, bs]) => bs - as || compareTexts(keys[a] ?? "", keys[b] ?? ""))
    .slice(0, top)
    .map(([key]) => key);
  return new Set([...ranked, keys.indexOf(END)]);
}

/** Adds up entries with the same names. The most frequent come first, OTHER and END last. */
function named(entries: readonly [names: string[], count: number][]): [names: string[], count: number][] {
  const all = new Map<string, [string[], number]>();
  for (const [names, count] of entries) {
    const known = all.get(JSON.stringify(names));
    if (known === undefined) all.set(JSON.stringify(names), [names, count]);
    else known[1] += count;
  }
  const rank = (names: string[]) => (names.includes(END) ? 2 : names.includes(OTHER) ? 1 : 0);
  return [...all.values()].sort(
    ([a, as], [b, bs]) => rank(a) - rank(b) || bs - as || compareTexts(a.join("\u0000"), b.join("\u0000")),
  );
}
