import type { ValueCounts } from "../numbers/value-bins";
import type { FunnelPath } from "./funnel";
import { StepTimes } from "./step-times";

/** Groups that are counted separately. Later groups are combined. */
export const MAX_FUNNEL_GROUPS = 1_000;

export const OTHER_GROUPS = "(other)";

/** Different times that are kept for each step of the whole funnel. Beyond that they are rounded. */
const MAX_TIMES = 5_000;

/** The same for all groups together, some 12 bytes each. */
const MAX_TIMES_OF_GROUPS = 50_000;

/** The counts of the sessions read so far, in a form that JSON can store. */
export interface FunnelState {
  /** Sessions by the number of completed steps, for each group: [0] completed one. Times only if there are groups. */
  groups: [group: string | null, counts: number[], times: ValueCounts[]][];
  /** The times of all sessions: [0] from the first step to the second. */
  times: ValueCounts[];
  isFolded: boolean;
}

/** Counts how many steps sessions completed. States of different sessions can be added. */
export class FunnelTally {
  private readonly groups = new Map<string | null, { counts: number[]; times: StepTimes }>();
  private readonly times: StepTimes;
  private timesOfGroups = 0;
  private isFolded = false;

  constructor(private readonly steps: number) {
    this.times = new StepTimes(steps);
  }

  add({ moments, group }: FunnelPath): void {
    const own = this.groupOf(group);
    const step = moments.length - 1;
    own.counts[step] = (own.counts[step] ?? 0) + 1;
    this.times.add(moments);
    if (group !== null) this.change(own.times, () => own.times.add(moments));
    this.fit();
  }

  addAll(state: FunnelState): void {
    for (const [group, counts, times] of state.groups) {
      const own = this.groupOf(group);
      for (const [step, sessions] of counts.entries()) own.counts[step] = (own.counts[step] ?? 0) + sessions;
      this.change(own.times, () => own.times.addAll(times));
    }
    this.times.addAll(state.times);
    this.isFolded ||= state.isFolded;
    this.fit();
  }

  get state(): FunnelState {
    return {
      groups: [...this.groups].map(([group, { counts, times }]) => [group, counts, group === null ? [] : times.state]),
      times: this.times.state,
      isFolded: this.isFolded,
    };
  }

  private groupOf(group: string | null): { counts: number[]; times: StepTimes } {
    const known = this.groups.get(group);
    if (known !== undefined) return known;
    if (this.groups.size >= MAX_FUNNEL_GROUPS && group !== OTHER_GROUPS) {
      this.isFolded = true;
      return this.groupOf(OTHER_GROUPS);
    }
    const made = { counts: Array.from({ length: this.steps }, () => 0), times: new StepTimes(this.steps) };
    this.groups.set(group, made);
    return made;
  }

  private change(times: StepTimes, how: () => void): void {
    const before = times.size;
    how();
    this.timesOfGroups += times.size - before;
  }

  private fit(): void {
    this.times.shrink(MAX_TIMES);
    if (this.timesOfGroups <= MAX_TIMES_OF_GROUPS) return;
    const most = Math.floor(MAX_TIMES_OF_GROUPS / 2 / (this.groups.size * (this.steps - 1)));
    this.timesOfGroups = 0;
    for (const { times } of this.groups.values()) {
      times.shrink(Math.max(1, most));
      this.timesOfGroups += times.size;
    }
  }
}
