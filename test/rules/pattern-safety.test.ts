import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { checkPattern } from "../../src/rules/pattern-safety";
import { LONGEST_TEXT } from "../../src/rules/schema-limits";

describe("a pattern is accepted if it takes linear time", () => {
  it.each([
    "^[a-z]+$",
    "^[A-Z]{2}\\d{4}$",
    "foo",
    "a+",
    "x[0-9]{2,}",
    "\\.png$",
    "^\\d{4}-\\d{2}-\\d{2}$",
    "^[^/]+(/[^/]+)*$",
    "^([a-z]+)(-[a-z]+)*$",
    "^https?://[^\\s/]+(/.*)?$",
    "^.*\\.com$",
    "^(?:red|green|blue)$",
    "^(?:a|b|[cd])*$",
    "^\\p{L}+$",
    "^\\/checkout",
    "",
    "^.{1,200}x.{1,200}y$",
    "^(?<year>\\d{4})\\b",
  ])("%j", (pattern) => {
    expect(checkPattern(pattern)).toMatchObject({ safe: true });
  });
});

describe("a pattern is refused if its time could explode", () => {
  it.each([
    "^(a+)+$",
    "^(a*)*$",
    "^(a|a)*$",
    "^(a|ab)*$",
    "^(\\w+\\s?)*$",
    "^(?:[a-z0-9]+-?)*$",
    "^(([a-z])+.)+[A-Z]([a-z])+$",
    "^(a{1,100}){1,100}$",
    "^(.*,)*$",
    "^a*a*$",
    "^(ab)*(ab)*$",
    "^.*,.*,.*$",
    "\\d+px",
    "(a+b)+",
    "f.*o",
    "a*$",
    "(a?){50}a{50}",
    `^${"a?".repeat(40)}${"a".repeat(40)}$`,
    "^(a)\\1$",
    "^(?=.*\\d)a",
    "(?<!a)b",
    "(?<=a)b",
    "(",
    "^a{2,1}$",
    "\\-",
    "x".repeat(201),
  ])("%j", (pattern) => {
    expect(checkPattern(pattern)).toMatchObject({ safe: false, reason: expect.stringMatching(/^expected/) });
  });

  it("and the check itself is fast", () => {
    for (const [open, close] of [
      ["(", ")?"],
      ["(?:a", ")?"],
      ["(?:a", "){2}"],
    ] as const) {
      const depth = Math.floor(200 / (open.length + close.length + 1)) - 1;
      expect(checkPattern(`${open.repeat(depth)}b${close.repeat(depth)}`)).toBeDefined();
    }
  });
});

describe("an accepted pattern", () => {
  const atom = fc.constantFrom("a", "b", "ab", "[ab]", ".", "[^a]", "\\w", "\\d", "-");
  const { pattern } = fc.letrec<{ pattern: string; part: string }>((tie) => ({
    part: fc.oneof(
      { maxDepth: 3 },
      atom,
      fc
        .tuple(tie("pattern"), fc.constantFrom("*", "+", "?", "{2,9}", "{1,300}", ""))
        .map(([inner, times]) => `(?:${inner})${times}`),
      fc.tuple(tie("pattern"), tie("pattern")).map(([one, other]) => `(?:${one}|${other})`),
    ),
    pattern: fc.array(tie("part"), { minLength: 1, maxLength: 4 }).map((parts) => parts.join("")),
  }));
  const anchored = fc
    .tuple(fc.constantFrom("^", ""), pattern, fc.constantFrom("$", "", "!$"))
    .map((parts) => parts.join(""));
  const texts = ["a", "b", "ab", "aab", "0", "-a", "ab-"].map((pump) => `${pump.repeat(LONGEST_TEXT / pump.length)}!?`);

  it("matches fast with texts made to be slow", { timeout: 120_000 }, () => {
    fc.assert(
      fc.property(anchored, (source) => {
        if (!checkPattern(source).safe) return;
        const expression = new RegExp(source, "u");
        const started = performance.now();
        for (const text of texts) expression.test(text);
        expect(performance.now() - started).toBeLessThan(1_000);
      }),
      { numRuns: 1_000 },
    );
  });
});
