import type { EventCode } from "../../src/model/codes";
import type { EventTypeRule, Mode } from "../../src/model/event-type";
import type { RuleSet } from "../../src/rules/rules";
import type { Random } from "./random";

/** What a rule says of one event type. */
interface TypeRule {
  category: string;
  name: string;
  mode: Mode;
  schemaMode: "enforce" | "shadow";
  /** The payload must hold `n`, of this much at most; null: any payload. */
  max: number | null;
}

/** The rules at one moment, as a model judges by them and as the pipeline does. `number` is also every type's version. */
export interface Regime {
  number: number;
  unregistered: Mode;
  types: TypeRule[];
  rules: RuleSet;
}

/** What a model says of an event: the codes that its type adds, and the paths that a schema in shadow would reject. */
export interface TypeVerdict {
  codes: EventCode[];
  shadow: string[];
}

/**
 * Some sets of rules that follow each other in any order. The first lets everything pass. Their numbers are of the seed
 * alone, so that no other seed counts under them.
 */
export function makeRegimes(seed: number, random: Random, types: readonly [string, string][]): [Regime, ...Regime[]] {
  const others = Array.from({ length: random.below(4) }, (_, index) => {
    const registered = types.filter(() => random.chance(0.7));
    return regime(
      seed * 10 + index + 1,
      random.chance(0.3) ? "reject" : "accept",
      registered.map(([category, name]) => ({
        ...{ category, name },
        mode: random.chance(0.1) ? "reject" : "accept",
        schemaMode: random.chance(0.5) ? "shadow" : "enforce",
        max: random.chance(0.2) ? null : random.below(3),
      })),
    );
  });
  return [regime(seed * 10, "accept", []), ...others];
}

function regime(number: number, unregistered: Mode, types: TypeRule[]): Regime {
  const rules = types.map(
    ({ category, name, mode, schemaMode, max }): EventTypeRule => ({
      ...{ category, name, mode, version: number, schema_mode: schemaMode },
      schema: max === null ? null : JSON.stringify({ properties: { n: { maximum: max } }, required: ["n"] }),
    }),
  );
  return { number, unregistered, types, rules: { unregistered, types: rules } };
}

export function judgeType({ unregistered, types }: Regime, event: Record<string, unknown>): TypeVerdict {
  if (event.name === "") return { codes: [], shadow: [] };
  const rule = types.find(({ category, name }) => category === event.category && name === event.name);
  if ((rule?.mode ?? unregistered) === "reject") return { codes: ["unplanned_event"], shadow: [] };
  const path = rule === undefined || rule.max === null ? null : faultOf(event.data, rule.max);
  if (path === null) return { codes: [], shadow: [] };
  return rule?.schemaMode === "shadow" ? { codes: [], shadow: [path] } : { codes: ["schema_violation"], shadow: [] };
}

function faultOf(data: unknown, max: number): string | null {
  if (typeof data !== "object" || data === null) return null;
  if (!("n" in data)) return "/data";
  return Number(data.n) > max ? "/data/n" : null;
}
