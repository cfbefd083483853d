import { type AST, parseRegExpLiteral } from "@eslint-community/regexpp";
import { describe, expect, it } from "vitest";
import { characterSet, EMPTY_SET, overlaps, type SetOfCharacters, union } from "../../src/rules/character-set";

/** The characters of a pattern's only element. */
function setOf(pattern: string): SetOfCharacters {
  const [element] = parseRegExpLiteral(`/${pattern}/u`).pattern.alternatives[0]?.elements ?? [];
  return characterSet(element as AST.Character | AST.CharacterClass | AST.CharacterSet);
}

const takes = ({ ascii }: SetOfCharacters, character: string) =>
  (ascii & (1n << BigInt(character.charCodeAt(0)))) !== 0n;

describe("the characters of one position", () => {
  it.each([
    ["a", "a", "b", false],
    ["[a-c]", "b", "d", false],
    ["[^a-c]", "d", "b", true],
    ["\\d", "7", "a", false],
    ["\\D", "a", "7", true],
    ["\\s", " ", "a", true],
    [".", "a", "\n", true],
    ["é", "", "e", true],
    ["[a-é]", "z", "A", true],
    ["\\p{Letter}", "a", "1", true],
  ])("of %s are %j and not %j; beyond ASCII: %s", (pattern, inside, outside, beyond) => {
    const set = setOf(pattern);
    if (inside !== "") expect(takes(set, inside)).toBe(true);
    expect(takes(set, outside)).toBe(false);
    expect(set.beyond).toBe(beyond);
  });
});

it("two sets overlap if a character may be in both", () => {
  expect(overlaps(setOf("[a-m]"), setOf("[m-z]"))).toBe(true);
  expect(overlaps(setOf("[a-l]"), setOf("[m-z]"))).toBe(false);
  expect(overlaps(setOf("é"), setOf("[^a]"))).toBe(true);
  expect(overlaps(EMPTY_SET, setOf("."))).toBe(false);
});

it("a union has the characters of both", () => {
  const both = union(setOf("a"), setOf("é"));
  expect([takes(both, "a"), both.beyond]).toEqual([true, true]);
});
