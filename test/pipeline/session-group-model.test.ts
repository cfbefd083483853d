import { describe, expect, it } from "vitest";
import { groupOf } from "../../src/model/session-groups";
import { formatTimestamp, type Micros } from "../../src/model/time";
import type { AcceptAnswer, AcceptCall, Arrival } from "../../src/pipeline/session-protocol";
import type { SessionHistory } from "../../src/storage/session-history";
import { type Random, seeded } from "../simulation/random";
import { acceptAll, evict, whileFull } from "./group-calls";
import { eventOf } from "./harness";
import { RECEIVED_AT } from "./sample-events";

const SECOND = 1_000;
const HOUR = 3_600 * SECOND;
const DAY = 24 * HOUR;

/** What D1 would hold: everything that was decided, at once. Numbers by id, or "failed". */
type Table = Map<string, Map<string, number | "failed">>;

type HistoryNeeded = Extract<AcceptAnswer, { kind: "history_needed" }>;

/** Groups whose answers are compared with a table for as long as a seed lasts. */
class Model {
  private readonly table: Table = new Map();
  private laterMs = 0;
  readonly problems: string[] = [];
  /** How often the group did not ask for what it had forgotten, and how often it did. */
  readonly asked = { never: 0, again: 0 };

  constructor(
    private readonly seed: number,
    private readonly random: Random,
    private readonly sessions: string[],
  ) {}

  async run(steps: number): Promise<void> {
    for (let step = 0; step < steps; step++) {
      this.laterMs += this.random.pick([
        0,
        SECOND,
        60 * SECOND,
        HOUR / 3,
        HOUR + SECOND,
        ...(step % 20 ? [] : [3 * DAY, 9 * DAY]),
      ]);
      if (step > 0 && this.random.chance(0.1)) await evict(this.sessions[0] ?? "");
      const calls = this.random
        .shuffle([...this.sessions])
        .slice(0, 1 + this.random.below(4))
        .map((one) => this.callOf(one, step));
      if (this.random.chance(0.05)) await this.fail(calls);
      await this.decide(calls);
    }
  }

  private callOf(session: string, step: number): AcceptCall {
    const known = [...(this.table.get(session)?.keys() ?? [])];
    const again = this.random.shuffle(known).slice(0, this.random.below(4));
    const count = this.random.chance(0.05) ? 120 : this.random.below(4);
    const fresh = Array.from(
      { length: count },
      (_, index) => `${this.seed}-${step}-${index}${this.random.chance(0.1) ? "-bad" : ""}`,
    );
    const arrivals = this.random.shuffle([...again, ...fresh]).map((id): Arrival => {
      const timestamp = formatTimestamp(occurrenceOf(id));
      const event = eventOf(session, { timestamp, ...(id.endsWith("-bad") ? { data: 7 } : {}) });
      return { id, application: "shop", receivedAt: RECEIVED_AT, text: JSON.stringify(event) };
    });
    const presence = known.length > 0 ? { kind: "present" as const, database: 0 } : { kind: "absent" as const };
    return { session, home: 0, presence, arrivals };
  }

  private accept(calls: AcceptCall[]): Promise<AcceptAnswer[]> {
    return acceptAll(calls, this.laterMs);
  }

  /** The storage refuses; nothing of it may be remembered. */
  private fail(calls: AcceptCall[]): Promise<void> {
    return whileFull(this.sessions[0] ?? "", () => this.accept(calls).catch(() => {}));
  }

  private async decide(calls: AcceptCall[]): Promise<void> {
    const answers = await this.accept(calls);
    const again: AcceptCall[] = [];
    for (const [place, answer] of answers.entries()) {
      const call = calls[place];
      if (call === undefined) continue;
      if (answer.kind === "history_needed") again.push({ ...call, history: this.historyOf(call, answer) });
      else this.compare(call, answer);
    }
    this.asked.never += answers.length - again.length;
    this.asked.again += again.length;
    if (again.length > 0) await this.decide(again);
  }

  /** As the database does: of the session as a whole it tells the first time alone, then of what occurred until then. */
  private historyOf({ session, arrivals }: AcceptCall, { errorIds, until }: HistoryNeeded): SessionHistory {
    const rows = this.table.get(session) ?? new Map<string, number | "failed">();
    const numbered = [...rows].flatMap(([id, number]) => (number === "failed" ? [] : [{ id, number }]));
    const latest = Math.max(0, ...numbered.map(({ id }) => occurrenceOf(id)));
    const { category, name, data } = eventOf(session);
    return {
      summary:
        until === null
          ? { lastSequence: Math.max(0, ...numbered.map(({ number }) => number)), openSlots: [], until: latest }
          : null,
      events: arrivals.flatMap(({ id }) => {
        const sequence = rows.get(id);
        const occurredAt = occurrenceOf(id);
        if (sequence === undefined || sequence === "failed" || occurredAt > (until ?? latest)) return [];
        const row = { id, sequence, application: "shop", category, name, occurredAt, receivedAt: RECEIVED_AT };
        return [{ ...row, opens: false, data: JSON.stringify(data) }];
      }),
      failures: arrivals.flatMap(({ id }, place) =>
        rows.get(id) === "failed"
          ? [{ errorId: errorIds[place] ?? "", receivedAt: RECEIVED_AT, application: "shop", issues: [] }]
          : [],
      ),
    };
  }

  private compare({ session, arrivals }: AcceptCall, answer: AcceptAnswer): void {
    if (answer.kind !== "decided") {
      this.problems.push(`${session}: ${JSON.stringify(answer)}`);
      return;
    }
    const rows = this.table.get(session) ?? new Map<string, number | "failed">();
    this.table.set(session, rows);
    for (const [place, outcome] of answer.outcomes.entries()) {
      const id = arrivals[place]?.id ?? "";
      const told = outcome.kind === "stored" ? outcome.sequence : "failed";
      const before = rows.get(id);
      if (before === undefined) rows.set(id, told);
      else if (before !== told) this.problems.push(`${session} ${id}: ${before}, and then ${told}`);
      if (outcome.duplicate !== (before !== undefined))
        this.problems.push(`${session} ${id}: duplicate ${outcome.duplicate}`);
    }
    const numbers = [...rows.values()].filter((row) => row !== "failed").sort((a, b) => a - b);
    const wrong = numbers.findIndex((number, index) => number !== index + 1);
    if (wrong >= 0) this.problems.push(`${session}: ${numbers[wrong]} is number ${wrong + 1}`);
  }
}

describe("whatever a group remembers, forgets, carries on or cannot write", () => {
  it.each([1, 2, 3, 4, 5, 6])(
    "its answers are those of a table that forgets nothing: seed %i",
    { timeout: 60_000 },
    async (seed) => {
      const group = `group-${seed}`;
      const names = Array.from({ length: 500 }, (_, index) => `model-${seed}-${index}`);
      const model = new Model(seed, seeded(seed), names.filter((name) => groupOf(name) === group).slice(0, 10));
      await model.run(150);
      expect(model.problems.slice(0, 5)).toEqual([]);
      expect(Math.min(model.asked.never, model.asked.again)).toBeGreaterThan(20);
    },
  );
});

/** Some moment of the day before its receipt, always the same for an id. */
function occurrenceOf(id: string): Micros {
  const hash = [...id].reduce((sum, character) => (31 * sum + character.charCodeAt(0)) % 86_399, 7);
  return RECEIVED_AT - hash * 1_000_000;
}
