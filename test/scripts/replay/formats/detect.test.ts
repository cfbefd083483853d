import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { caddy } from "../../../../scripts/replay/formats/caddy.ts";
import { detectFormat, isUnderstood } from "../../../../scripts/replay/formats/detect.ts";
import { fixtureLines, linesOf } from "./read-fixture.ts";

const SAMPLES = join(import.meta.dirname, "../../../../../shared/data/logs");

test.skipIf(!existsSync(SAMPLES))("understands every sample log (skipped if they are absent)", () => {
  for (const name of readdirSync(SAMPLES).filter((file) => file.endsWith(".log"))) {
    const { understood, considered } = detectFormat(linesOf(join(SAMPLES, name)));
    expect([name, understood]).toEqual([name, considered]);
  }
});

test("the format that understands most lines wins, and the first other line is named", () => {
  const lines = ["", ...fixtureLines("caddy.json.log"), "not a request"];
  expect(detectFormat(lines)).toMatchObject({ format: caddy, understood: 2, considered: 3, firstUnknown: 3 });
});

test("tries only the requested format", () => {
  expect(detectFormat(fixtureLines("traefik.log"), caddy)).toMatchObject({ format: caddy, understood: 0 });
});

test.each([
  [0, 0, true],
  [1, 2, true],
  [1, 3, false],
])("%d lines of %d are enough: %s", (understood, considered, enough) => {
  expect(isUnderstood({ understood, considered })).toBe(enough);
});
