/**
 * What a window of 15 minutes adds to any range that contains it, by places (see entry-table.ts): what is at a place counts
 * for ranges that start after `after` and not after `at`, in the bucket that contains `at`. Windows are numbered from 1970.
 */
export interface Place<Content> {
  at: number;
  after: number;
  content: Content;
}

/** Windows, the last one inclusive. */
export type Windows = readonly [from: number, to: number];

export abstract class PlaceTable<Content extends { size: number }> {
  private readonly byPlace = new Map<string, Place<Content>>();
  private lackingIn: Windows | null = null;

  /** An empty content. */
  protected abstract empty(): Content;

  /** Ranges that start in these windows lack something. Null: none. */
  get lacking(): Windows | null {
    return this.lackingIn;
  }

  /** Notes that ranges that start in these windows lack something. Those between two notes count as lacking too. */
  lack([from, to]: Windows): void {
    const [first, last] = this.lackingIn ?? [from, to];
    this.lackingIn = [Math.min(from, first), Math.max(to, last)];
  }

  isKnownFrom(first: number): boolean {
    return this.lackingIn === null || first < this.lackingIn[0] || first > this.lackingIn[1];
  }

  /** The sum of the sizes of all contents. */
  get size(): number {
    return this.places().reduce((sum, { content }) => sum + content.size, 0);
  }

  places(): Place<Content>[] {
    return [...this.byPlace.values()].filter(({ content }) => content.size > 0);
  }

  /** The contents that count for a range that starts with the window `first`. */
  placesFor(first: number): Place<Content>[] {
    return this.places().filter(({ at, after }) => after < first && first <= at);
  }

  /**
   * The places of a window or hour in the hour or day that begins with the window `first`, which a range contains as a
   * whole. Notes what these lack.
   */
  protected placesWithin(own: PlaceTable<Content>, first: number): Place<Content>[] {
    if (own.lackingIn !== null && own.lackingIn[0] <= first) {
      this.lack([own.lackingIn[0], Math.min(own.lackingIn[1], first)]);
    }
    return own.places().flatMap((place) => (place.after < first ? [{ ...place, at: Math.min(place.at, first) }] : []));
  }

  protected contentAt(at: number, after: number): Content {
    const key = `${at} ${after}`;
    const known = this.byPlace.get(key);
    if (known !== undefined) return known.content;
    const content = this.empty();
    this.byPlace.set(key, { at, after, content });
    return content;
  }
}
