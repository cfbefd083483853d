import { beforeEach, expect, it } from "vitest";
import { maintainProperties } from "../../../src/storage/properties/maintain-properties";
import { failingDatabase } from "../failing-database";
import { HOUR, MORNING } from "../seed";
import { declareAndStore, first, one } from "./counted-hours";

beforeEach(() => declareAndStore([MORNING, MORNING + HOUR]));

async function run(databases = one) {
  const lines: Record<string, unknown>[] = [];
  await maintainProperties({ databases, log: (line) => lines.push(line) }, MORNING + 3 * HOUR);
  return lines;
}

it("logs what it counted, and nothing if nothing was left", async () => {
  expect(await run()).toEqual([{ log: "properties", hours: expect.any(Number), rows: expect.any(Number) }]);
  for (let n = 0; n < 3; n++) await run();
  expect(await run()).toEqual([]);
});

it("logs a failure instead of throwing it", async () => {
  const [line] = await run([failingDatabase(first, "D1 is down")]);
  expect(line).toMatchObject({ log: "properties_failed", reason: expect.stringContaining("D1 is down") });
});
