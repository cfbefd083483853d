import { env } from "cloudflare:workers";
import { expect, it } from "vitest";
import { databasesOf, firstDatabase } from "../../../src/storage/core/databases";
import {
  databasesWithRoom,
  MAX_BYTES_FOR_PARTITIONS,
  probeDatabase,
} from "../../../src/storage/partitions/database-room";
import { databaseOfSize, failingDatabase, fullDatabase } from "../failing-database";
import { MORNING } from "../seed";

const databases = databasesOf(env);
const first = firstDatabase(databases);

it("probes a database by writing one row to it", async () => {
  for (const now of [MORNING, MORNING + 1_000]) {
    expect(await probeDatabase(first, now)).toEqual({ writable: true, bytes: expect.any(Number) });
    const { results } = await first.binding.prepare("SELECT * FROM write_probe").all();
    expect(results).toEqual([{ id: 1, probed_at: now / 1_000 }]);
  }
});

it("leaves out what only overwrites free pages", async () => {
  const room = async () => {
    const found = await probeDatabase(first, MORNING);
    return found.writable ? found.bytes : null;
  };
  const before = await room();
  await first.binding.prepare("INSERT INTO free_space_zeros (zeros) VALUES (zeroblob(1900000))").run();
  expect(Math.abs(Number(await room()) - Number(before))).toBeLessThan(50_000);
  await first.binding.prepare("DELETE FROM free_space_zeros").run();
});

it("reports a database that is full, unreachable or without its tables as not writable", async () => {
  expect(await probeDatabase(fullDatabase(first), MORNING)).toEqual({
    writable: false,
    reason: expect.stringContaining("Exceeded maximum DB size"),
  });
  expect(await probeDatabase(failingDatabase(first, "Network connection lost."), MORNING)).toEqual({
    writable: false,
    reason: "Network connection lost.",
  });
  await first.binding.prepare("ALTER TABLE write_probe RENAME TO elsewhere").run();
  expect(await probeDatabase(first, MORNING)).toMatchObject({
    writable: false,
    reason: expect.stringContaining("no such table"),
  });
  await first.binding.prepare("ALTER TABLE elsewhere RENAME TO write_probe").run();
});

it("leaves out databases without room, and keeps the order of the others", async () => {
  const [zero, one, two] = databases;
  if (zero === undefined || one === undefined || two === undefined) throw new Error("three databases");
  const roomIn = async (...all: typeof databases) => (await databasesWithRoom(all, MORNING)).map(({ index }) => index);
  expect(await roomIn(zero, one, two)).toEqual([0, 1, 2]);
  expect(await roomIn(zero, fullDatabase(one), two)).toEqual([0, 2]);
  expect(await roomIn(databaseOfSize(zero, MAX_BYTES_FOR_PARTITIONS), one, two)).toEqual([1, 2]);
  expect(await roomIn(databaseOfSize(zero, MAX_BYTES_FOR_PARTITIONS - 1), one)).toEqual([0, 1]);
  expect(await roomIn(fullDatabase(zero))).toEqual([]);
});
