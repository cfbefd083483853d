import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import {
  databasesToMigrate,
  readSetup,
  removeSessionFiles,
  type Setup,
  unknownMigrations,
  writeSetup,
} from "../../../scripts/start/local-state.ts";

let folder = "";
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "the-eye-state-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

const DONE: Setup = { v: 1, migrations: { DB: ["0001_a.sql", "0002_b.sql"] }, registry: true };

test("the record is read back; a new or damaged folder has an empty one", () => {
  expect(readSetup(folder)).toMatchObject({ migrations: {}, registry: false });
  writeSetup(folder, DONE);
  expect(readSetup(folder)).toEqual(DONE);
  writeFileSync(join(folder, "the-eye-setup.json"), "{");
  expect(readSetup(folder)).toMatchObject({ migrations: {}, registry: false });
});

test("a new migration and a new database are detected", () => {
  const files = ["0001_a.sql", "0002_b.sql"];
  expect(databasesToMigrate(DONE, ["DB"], files)).toEqual([]);
  expect(databasesToMigrate(DONE, ["DB", "DB_1"], files)).toEqual(["DB_1"]);
  expect(databasesToMigrate(DONE, ["DB"], [...files, "0003_c.sql"])).toEqual(["DB"]);
});

test("a state with migrations that this version lacks is from an older version", () => {
  expect(unknownMigrations(DONE, ["0001_a.sql", "0002_b.sql", "0003_c.sql"])).toEqual([]);
  expect(unknownMigrations(DONE, ["0001_a.sql", "0002_other.sql"])).toEqual(["0002_b.sql"]);
});

test("only files of session objects are removed", () => {
  const objects = join(folder, "v3", "do", "the-eye-Session");
  const others = join(folder, "v3", "d1");
  for (const made of [objects, others]) mkdirSync(made, { recursive: true });
  for (const name of ["a.sqlite", "a.sqlite-shm", "a.sqlite-wal"]) writeFileSync(join(objects, name), "");
  expect(removeSessionFiles(folder, "the-eye")).toBe(3);
  expect(existsSync(objects)).toBe(false);
  expect(existsSync(others)).toBe(true);
  expect(removeSessionFiles(folder, "the-eye")).toBe(0);
});
