import { env } from "cloudflare:workers";
import { beforeEach, expect, it } from "vitest";
import { databasesOf, firstDatabase } from "../../../src/storage/core/databases";
import {
  countOutsideChanges,
  hasMark,
  isCurrent,
  newMark,
  outsideChange,
  writeMark,
} from "../../../src/storage/erasures/restore-marks";
import { emptyDatabases } from "../empty-databases";

const databases = databasesOf(env);
const first = firstDatabase(databases);

beforeEach(async () => {
  await emptyDatabases(databases);
  for (const { binding } of databases) await binding.prepare("DELETE FROM restore_marks").run();
});

it("counts changes outside D1 in the first database", async () => {
  expect(await countOutsideChanges(first)).toBe(0);
  await first.binding.batch([outsideChange(first.binding), outsideChange(first.binding)]);
  expect(await countOutsideChanges(first)).toBe(2);
});

it("is current until something outside D1 changes, and never the same twice", () => {
  const mark = newMark(1);
  expect([isCurrent(mark, 1), isCurrent(mark, 2), isCurrent(newMark(11), 1)]).toEqual([true, false, false]);
  expect(newMark(1)).not.toBe(mark);
});

it("is written to the given databases, once", async () => {
  const written = databases.slice(1);
  await writeMark(written, "mark");
  await writeMark(written, "mark");
  expect(await Promise.all(databases.map((database) => hasMark(database, "mark")))).toEqual([false, true, true]);
  expect(await hasMark(first, "other")).toBe(false);
  const [one] = written;
  expect(await one?.binding.prepare("SELECT count(*) AS n FROM restore_marks").first("n")).toBe(1);
});

it("is kept with the 99 before it, because a read of KV may be outdated", async () => {
  for (let n = 0; n < 102; n++) await writeMark([first], `mark-${n}`);
  const kept = await Promise.all([1, 2, 101].map((n) => hasMark(first, `mark-${n}`)));
  expect(kept).toEqual([false, true, true]);
  expect(await first.binding.prepare("SELECT count(*) AS n FROM restore_marks").first("n")).toBe(100);
});
