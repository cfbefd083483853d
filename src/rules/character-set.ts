import type { AST } from "@eslint-community/regexpp";

/** The characters that one position of a pattern matches: exact for ASCII; `beyond` says whether others may match. */
export interface SetOfCharacters {
  /** One bit for each ASCII character. */
  ascii: bigint;
  beyond: boolean;
}

export const EMPTY_SET: SetOfCharacters = { ascii: 0n, beyond: false };

export function union(a: SetOfCharacters, b: SetOfCharacters): SetOfCharacters {
  return { ascii: a.ascii | b.ascii, beyond: a.beyond || b.beyond };
}

export function overlaps(a: SetOfCharacters, b: SetOfCharacters): boolean {
  return (a.ascii & b.ascii) !== 0n || (a.beyond && b.beyond);
}

export function characterSet(element: AST.Character | AST.CharacterClass | AST.CharacterSet): SetOfCharacters {
  const alone = new RegExp(`^(?:${element.raw})$`, "u");
  let ascii = 0n;
  for (let code = 0; code < 128; code++) {
    if (alone.test(String.fromCharCode(code))) ascii |= 1n << BigInt(code);
  }
  return { ascii, beyond: reachesBeyond(element) };
}

type ClassElement = AST.CharacterClass["elements"][number];

function reachesBeyond(element: AST.Character | AST.CharacterClass | AST.CharacterSet | ClassElement): boolean {
  switch (element.type) {
    case "Character":
      return element.value > 127;
    case "CharacterClassRange":
      return element.max.value > 127;
    case "CharacterClass":
      return element.negate || element.elements.some(reachesBeyond);
    case "CharacterSet":
      return element.kind === "any" || element.kind === "property" || element.kind === "space" || element.negate;
    default:
      return true;
  }
}
