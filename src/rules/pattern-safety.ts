import { type AST, RegExpParser } from "@eslint-community/regexpp";
import { characterSet, EMPTY_SET, overlaps, type SetOfCharacters, union } from "./character-set";
import { LONGEST_TEXT, MAX_PATTERN_CHARACTERS, MAX_PATTERN_STEPS } from "./schema-limits";

/**
 * Bounds the steps that a backtracking engine may take with a pattern. If the next character decides between two
 * branches, the engine tries one of them. If not, each branch costs the whole rest of the pattern. Within a repetition
 * that grows without bound, so it is refused there. The bound is never too low, so some harmless patterns are refused
 * too.
 */

export type PatternVerdict = { safe: true; steps: number } | { safe: false; reason: string };

class Unsafe extends Error {}

const parser = new RegExpParser({ ecmaVersion: 2024 });

/** Validates the text of a `pattern`, or a name in `patternProperties`. Both are compiled with the flag u. */
export function checkPattern(source: string): PatternVerdict {
  if (source.length > MAX_PATTERN_CHARACTERS) {
    return { safe: false, reason: `expected at most ${MAX_PATTERN_CHARACTERS} characters, found ${source.length}` };
  }
  let pattern: AST.Pattern;
  try {
    pattern = parser.parsePattern(source, 0, source.length, { unicode: true });
  } catch {
    return { safe: false, reason: "expected an ECMAScript regular expression that is valid with the flag u" };
  }
  try {
    const steps = new PatternCost(LONGEST_TEXT).steps(pattern);
    if (steps <= MAX_PATTERN_STEPS) return { safe: true, steps };
    const advice = pattern.alternatives.every(isAnchored)
      ? "make the characters after a repetition differ from those in it"
      : "begin it with ^ if possible";
    return {
      safe: false,
      reason: `expected a pattern that takes linear time, found one that takes more; ${advice}`,
    };
  } catch (thrown) {
    if (!(thrown instanceof Unsafe)) throw thrown;
    return { safe: false, reason: thrown.message };
  }
}

/**
 * The most steps that a pattern may take with a text of at most `characters`.
 *
 * @param source a pattern that `checkPattern` accepted
 */
export function stepsOfPattern(source: string, characters: number): number {
  return new PatternCost(characters).steps(parser.parsePattern(source, 0, source.length, { unicode: true }));
}

/**
 * The rest of the pattern after an element: the characters that it may begin with, and the most steps that it may take.
 */
interface Rest {
  first: SetOfCharacters;
  cost: number;
  /** The end of the pattern: a match that reaches it has succeeded. */
  isEnd?: true;
}

const END: Rest = { first: EMPTY_SET, cost: 1, isEnd: true };

/**
 * An element together with its rest. `nullable`: the element may match nothing. `length`: the most characters it
 * matches.
 */
interface Measured extends Rest {
  nullable: boolean;
  length: number;
}

/** Measures patterns for texts of at most `longest` characters. */
class PatternCost {
  private readonly measuredAlone = new WeakMap<AST.Element, Measured>();

  constructor(private readonly longest: number) {}

  /** @throws Unsafe if no bound is known */
  steps({ alternatives }: AST.Pattern): number {
    const { cost } = this.costOfAlternatives(alternatives, END, false);
    return alternatives.every(isAnchored) ? cost : cost * (this.longest + 1);
  }

  private costOfAlternatives(alternatives: readonly AST.Alternative[], rest: Rest, repeated: boolean): Measured {
    const measured = alternatives.map((alternative) => this.costOfSequence(alternative.elements, rest, repeated));
    let first = EMPTY_SET;
    let isClear = true;
    for (const one of measured) {
      if (overlaps(first, one.first)) isClear = false;
      first = union(first, one.first);
    }
    if (!isClear && repeated)
      throw new Unsafe("expected alternatives in a repetition to begin with different characters");
    const costs = measured.map(({ cost }) => cost);
    return {
      first,
      cost: alternatives.length + (isClear ? Math.max(...costs) : costs.reduce((sum, cost) => sum + cost, 0)),
      nullable: measured.some(({ nullable }) => nullable),
      length: Math.max(...measured.map(({ length }) => length)),
    };
  }

  private costOfSequence(elements: readonly AST.Element[], rest: Rest, repeated: boolean): Measured {
    let measured: Measured = { ...rest, nullable: true, length: 0 };
    for (const element of elements.toReversed()) {
      const own = this.costOfElement(element, measured, repeated);
      measured = {
        ...own,
        nullable: own.nullable && measured.nullable,
        length: this.cap(own.length + measured.length),
      };
    }
    return measured;
  }

  private costOfElement(element: AST.Element, rest: Rest, repeated: boolean): Measured {
    switch (element.type) {
      case "Character":
      case "CharacterClass":
      case "CharacterSet":
        return { first: characterSet(element), cost: rest.cost + 1, nullable: false, length: 1 };
      case "Group":
      case "CapturingGroup":
        return this.costOfAlternatives(element.alternatives, rest, repeated);
      case "Quantifier":
        return this.costOfQuantifier(element, rest, repeated);
      case "Assertion":
        if (element.kind === "lookahead" || element.kind === "lookbehind") {
          throw new Unsafe(`expected no ${element.kind}; use allOf with several patterns`);
        }
        return { first: rest.first, cost: rest.cost + 1, nullable: true, length: 0 };
      case "Backreference":
        throw new Unsafe("expected no backreference");
      default:
        throw new Unsafe(`expected no ${element.type}`);
    }
  }

  private costOfQuantifier({ element, min, max }: AST.Quantifier, rest: Rest, repeated: boolean): Measured {
    if (max === 0) return { ...rest, nullable: true, length: 0 };
    const isLoop = max > 1;
    // Each round is followed by what the repetition begins with, which is known only after it is measured.
    const alone = this.measureAlone(element);
    if (isLoop && alone.nullable) throw new Unsafe("expected a repeated element to match at least one character");
    const after: Rest = isLoop ? { first: union(alone.first, rest.first), cost: 1 } : rest;
    const one = this.costOfElement(element, after, repeated || isLoop);
    const isClear = min === max || !overlaps(one.first, rest.first);
    if (!isClear && repeated) {
      throw new Unsafe("expected the end of a nested repetition to be decided by the next character");
    }
    const first = min === 0 || alone.nullable ? union(one.first, rest.first) : one.first;
    const nullable = min === 0 || alone.nullable;
    const length = this.cap(alone.length * max);
    if (!isLoop)
      return { first, nullable, length, cost: isClear ? 1 + Math.max(one.cost, rest.cost) : 1 + one.cost + rest.cost };
    // After the required rounds, every exit is a match.
    if (rest.isEnd) return { first, nullable, length, cost: 2 * this.cap(alone.length * min) + 1 };
    const rounds = Math.min(max, this.longest);
    const ways = isClear ? 1 : rounds - Math.min(min, rounds) + 1;
    return { first, nullable, length, cost: 2 * length + ways * rest.cost };
  }

  /** The cache keeps the work from doubling with each level of nesting. */
  private measureAlone(element: AST.Element): Measured {
    const known = this.measuredAlone.get(element) ?? this.costOfElement(element, END, false);
    this.measuredAlone.set(element, known);
    return known;
  }

  private cap(length: number): number {
    return Math.min(length, this.longest);
  }
}

function isAnchored({ elements }: AST.Alternative): boolean {
  const [first] = elements;
  if (first === undefined) return false;
  if (first.type === "Assertion") return first.kind === "start";
  return (first.type === "Group" || first.type === "CapturingGroup") && first.alternatives.every(isAnchored);
}
