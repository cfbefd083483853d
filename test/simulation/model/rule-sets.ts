import type { EventCode } from "../../../src/model/codes";
import type { EventTypeRule, Mode, RuleBook } from "../../../src/model/event/event-type";
import type { Micros } from "../../../src/model/time/time";
import type { Random } from "../world/random";

/** The rule of one event type. */
interface TypeRule {
  category: string;
  name: string;
  mode: Mode;
  schemaMode: "enforce" | "shadow";
  /** The payload must have `n` with at most this value; null: any payload. */
  max: number | null;
}

/** The rules from one time on, in the form of the model and of the pipeline. */
export interface Regime {
  /** The first receipt that is validated by these rules. */
  since: Micros;
  /** Also the version of every event type. */
  number: number;
  unregistered: Mode;
  types: TypeRule[];
  book: RuleBook;
}

/** In order of time. The first is in force from the beginning. */
export type Regimes = readonly [Regime, ...Regime[]];

/** One flaw of an event, and its path. */
export interface Flaw {
  code: EventCode;
  path: string;
}

/** The model's result for an event's type: its flaws, and the paths that a report-only schema would reject. */
export interface TypeVerdict {
  flaws: Flaw[];
  shadow: string[];
}

/**
 * Up to five changes of the rules, each in force from one of these receipts on or minutes later. Often the first rules let
 * all events pass.
 */
export function makeRegimes(random: Random, types: readonly [string, string][], receipts: readonly Micros[]): Regimes {
  const moments = random
    .shuffle([...receipts])
    .slice(0, random.below(6))
    .map((receipt) => (random.chance(0.3) ? receipt + random.below(240) * 1_000_000 : receipt));
  const first = random.chance(0.6) ? regime(0, 1, "accept", []) : anyRegime(random, types, 0, 1);
  const others = [...new Set(moments)].sort((a, b) => a - b);
  return [first, ...others.map((since, index) => anyRegime(random, types, since, index + 2))];
}

/** Rules that let everything pass. */
export const LAX: Regimes = [regime(0, 1, "accept", [])];

function anyRegime(random: Random, types: readonly [string, string][], since: Micros, number: number): Regime {
  const registered = types.filter(() => random.chance(0.7));
  return regime(
    since,
    number,
    random.chance(0.3) ? "reject" : "accept",
    registered.map(([category, name]) => ({
      ...{ category, name },
      mode: random.chance(0.1) ? "reject" : "accept",
      schemaMode: random.chance(0.5) ? "shadow" : "enforce",
      max: random.chance(0.2) ? null : random.below(3),
    })),
  );
}

function regime(since: Micros, number: number, unregistered: Mode, types: TypeRule[]): Regime {
  const rules = types.map(
    ({ category, name, mode, schemaMode, max }): EventTypeRule => ({
      ...{ category, name, mode, version: number, schema_mode: schemaMode },
      schema: max === null ? null : JSON.stringify({ properties: { n: { maximum: max } }, required: ["n"] }),
    }),
  );
  return { since, number, unregistered, types, book: { unregistered, types: rules } };
}

export function regimeAt(regimes: Regimes, receivedAt: Micros): Regime {
  return regimes.findLast(({ since }) => since <= receivedAt) ?? regimes[0];
}

export function validateType({ unregistered, types }: Regime, event: Record<string, unknown>): TypeVerdict {
  if (event.name === "") return { flaws: [], shadow: [] };
  const rule = types.find(({ category, name }) => category === event.category && name === event.name);
  if ((rule?.mode ?? unregistered) === "reject") return { flaws: [{ code: "unplanned_event", path: "" }], shadow: [] };
  const path = rule === undefined || rule.max === null ? null : pathAtFault(event.data, rule.max);
  if (path === null) return { flaws: [], shadow: [] };
  return rule?.schemaMode === "shadow"
    ? { flaws: [], shadow: [path] }
    : { flaws: [{ code: "schema_violation", path }], shadow: [] };
}

function pathAtFault(data: unknown, max: number): string | null {
  if (typeof data !== "object" || data === null) return null;
  if (!("n" in data)) return "/data";
  return Number(data.n) > max ? "/data/n" : null;
}
