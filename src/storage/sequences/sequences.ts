import type { Unit } from "../../model/questions/question";
import { unpackId } from "../core/packed-id";
import { sampleKeyOf } from "../partitions/sample-key";
import { compareEventKeys } from "../scan/event-order";
import type { SliceEvent } from "./read-slice";
import type { Slice } from "./slice-statement";

interface Kept<Item> {
  occurredAt: number;
  receivedAfter: number;
  session: string;
  tie: number;
  item: Item;
}

/** Collects the items of events into one sequence for each session or visitor, each in the order of all events. */
export class Sequences<Item> {
  private readonly rows = new Map<string, Kept<Item>[]>();
  private readonly isOfSlice = new Map<string, boolean>();
  /** The number of kept items. */
  size = 0;

  /**
   * @param per with `visitor`, events without a visitor are left out
   * @param visitors the visitors to keep; sessions are already selected when their events are read
   */
  constructor(
    private readonly per: Unit,
    private readonly visitors: Slice,
  ) {}

  /** @param itemOf returns null if the event is not kept */
  add(event: SliceEvent, itemOf: (event: SliceEvent) => Item | null): void {
    const key = this.per === "session" ? event.session : event.visitor;
    if (key === null || (this.per === "visitor" && !this.isWanted(key))) return;
    const item = itemOf(event);
    if (item === null) return;
    const { occurredAt, receivedAfter, tie } = event;
    const row = this.rows.get(key);
    // Shares one text between all events of a session: each event has its own copy.
    const session = this.per === "session" ? (row?.[0]?.session ?? event.session) : event.session;
    const kept = { occurredAt, receivedAfter, session, tie, item };
    if (row === undefined) this.rows.set(key, [kept]);
    else row.push(kept);
    this.size += 1;
  }

  *inOrder(): Generator<Item[]> {
    for (const row of this.rows.values()) {
      yield row.sort((a, b) => compareEventKeys(a, b)).map(({ item }) => item);
    }
  }

  private isWanted(visitor: string): boolean {
    const known = this.isOfSlice.get(visitor);
    if (known !== undefined) return known;
    const key = sampleKeyOf(unpackId(visitor));
    const isWanted = key >= this.visitors.low && key < this.visitors.high;
    this.isOfSlice.set(visitor, isWanted);
    return isWanted;
  }
}
