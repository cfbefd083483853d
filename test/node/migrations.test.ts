import { readdirSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";

/** Two have this number. A migration keeps its name, because databases record which names they have applied. */
const TWICE = "0017";

test("migrations are numbered without gaps, each number once", () => {
  const names = readdirSync(join(import.meta.dirname, "..", "..", "migrations")).sort();
  const numbers = names.map((name) => /^(\d{4})_[a-z_]+\.sql$/.exec(name)?.[1]);
  expect(numbers.filter((number) => number === TWICE)).toHaveLength(2);
  numbers.splice(numbers.indexOf(TWICE), 1);
  expect(numbers).toEqual(numbers.map((_, place) => String(place + 1).padStart(4, "0")));
});
