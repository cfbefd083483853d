import { matchesFilter } from "../../event/property-value";
import { bucketPlace } from "../../time/calendar";
import type { Micros } from "../../time/time";
import type { SessionsQuestion } from "../question";
import type { SequenceEvent } from "../sequences/sequence-event";
import { templatedValues } from "../templated-values";
import { groupTexts, type SessionEdge } from "./session-dimension";
import { addSession, addSums, emptySums, type SessionSums } from "./session-sums";
import { VisitorSample, type VisitorState } from "./visitor-sample";

/** Computes the numbers of `/theeye/sessions/stats` session by session, from a sample or in steps. */

/** The sums of a group. Buckets without sessions are left out. */
export interface SessionGroup {
  total: SessionSums;
  /** By the position of the bucket. */
  byPlace: [place: number, sums: SessionSums][];
}

/** The state of a tally, which is stored as JSON between the steps of a job. */
export interface SessionsState {
  all: SessionGroup;
  /** By the texts of the group, as JSON. The visitors' numbers of groups are positions in this list. */
  sessionGroups: [key: string, group: SessionGroup][];
  /** The smallest groups added up, if there were too many. */
  folded: SessionGroup;
  foldedGroups: number;
  visitors: VisitorState;
}

/** An event of a session, with what the question needs. */
export interface SessionItem extends SessionEdge {
  occurredAt: Micros;
  visitor: string | null;
}

/** Above this the smaller half of the groups is added up. The state of a job then stays near 1 MB. */
const MAX_AGGREGATES = 8_000;

/** Sums with percentiles take as much room as several without. */
const AGGREGATES_OF_BINS = 8;

/** With more buckets, only the whole range has percentiles. */
const MAX_BUCKETS_WITH_PERCENTILES = 60;

interface Group {
  id: number;
  total: SessionSums;
  byPlace: Map<number, SessionSums>;
}

export class SessionsTally {
  private nextId = 0;
  private readonly all: Group;
  private readonly groups = new Map<string, Group>();
  private readonly folded: Group;
  private foldedGroups = 0;
  private readonly visitors = new VisitorSample();
  private aggregates = 0;

  constructor(private readonly question: SessionsQuestion) {
    this.all = this.newGroup();
    this.folded = this.newGroup();
  }

  /** @param items the items of one session, in order */
  add(items: readonly SessionItem[]): void {
    const [first, last] = [items[0], items.at(-1)];
    if (first === undefined || last === undefined) return;
    const { groupBy, bounds } = this.question;
    const session = { events: items.length, seconds: (last.occurredAt - first.occurredAt) / 1_000_000 };
    const place = bucketPlace(bounds, first.occurredAt);
    const key = JSON.stringify(groupTexts({ first, last }, groupBy));
    // Without groups, one group would hold the same numbers again.
    const own = groupBy === null ? null : this.groupOf(key);
    for (const group of own === null ? [this.all] : [this.all, own]) {
      addSession(group.total, session);
      addSession(this.sumsOf(group, place), session);
    }
    for (const { visitor } of items) if (visitor !== null) this.visitors.add(visitor, [own?.id ?? -1, place]);
    if (this.aggregates > MAX_AGGREGATES) this.fold();
  }

  addAll({ all, sessionGroups, folded, foldedGroups, visitors }: SessionsState): void {
    this.addTo(this.all, all);
    for (const [key, group] of sessionGroups) this.addTo(this.groupOf(key), group);
    this.addTo(this.folded, folded);
    this.foldedGroups += foldedGroups;
    this.visitors.addAll(visitors, (number) => this.groups.get(sessionGroups[number]?.[0] ?? "")?.id ?? -1);
    if (this.aggregates > MAX_AGGREGATES) this.fold();
  }

  get state(): SessionsState {
    const groups = [...this.groups];
    const numbers = new Map(groups.map(([, { id }], number) => [id, number]));
    const { share, visitors } = this.visitors.state;
    return {
      all: stateOf(this.all),
      sessionGroups: groups.map(([key, group]) => [key, stateOf(group)]),
      folded: stateOf(this.folded),
      foldedGroups: this.foldedGroups,
      visitors: {
        share,
        visitors: visitors.map(([hash, places]) => [
          hash,
          places.map(([group, bucket]) => [numbers.get(group) ?? -1, bucket]),
        ]),
      },
    };
  }

  private newGroup(): Group {
    this.nextId += 1;
    return { id: this.nextId, total: emptySums(true), byPlace: new Map() };
  }

  private groupOf(key: string): Group {
    const known = this.groups.get(key);
    if (known !== undefined) return known;
    const made = this.newGroup();
    this.groups.set(key, made);
    this.aggregates += AGGREGATES_OF_BINS;
    return made;
  }

  private sumsOf(group: Group, place: number): SessionSums {
    const known = group.byPlace.get(place);
    if (known !== undefined) return known;
    const hasBins = group === this.all && this.question.bounds.length - 1 <= MAX_BUCKETS_WITH_PERCENTILES;
    const made = emptySums(hasBins);
    group.byPlace.set(place, made);
    if (group !== this.all && group !== this.folded) this.aggregates += 1;
    return made;
  }

  private addTo(group: Group, { total, byPlace }: SessionGroup): void {
    addSums(group.total, total);
    for (const [place, sums] of byPlace) addSums(this.sumsOf(group, place), sums);
  }

  private fold(): void {
    const bySize = [...this.groups].sort(([, a], [, b]) => b.total.sessions - a.total.sessions);
    const smaller = bySize.slice(Math.ceil(bySize.length / 2));
    for (const [key, group] of smaller) {
      this.addTo(this.folded, stateOf(group));
      this.groups.delete(key);
      this.foldedGroups += 1;
    }
    this.visitors.fold(new Set(smaller.map(([, { id }]) => id)));
    this.aggregates = [...this.groups.values()].reduce(
      (sum, { byPlace }) => sum + AGGREGATES_OF_BINS + byPlace.size,
      0,
    );
  }
}

function stateOf({ total, byPlace }: Group): SessionGroup {
  return { total, byPlace: [...byPlace] };
}

/** Returns a function that maps an event to the item of a query, or to null if the event does not match. */
export function sessionItemOf(question: SessionsQuestion): (event: SequenceEvent) => SessionItem | null {
  const { groupBy, properties, templates } = question;
  const by = groupBy === null || groupBy === "application" ? null : groupBy.by;
  const textOf = templatedValues(templates);
  return (event) => {
    const { occurredAt, source, visitor } = event;
    if (question.category !== null && question.category !== source.category) return null;
    if (question.name !== null && question.name !== source.name) return null;
    if (!properties.every((filter) => matchesFilter(filter, textOf(event, filter.property)))) return null;
    return { ...source, occurredAt, visitor, text: by === null ? null : textOf(event, by) };
  };
}
