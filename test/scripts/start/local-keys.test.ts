import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { expect, test } from "vitest";
import { LOCAL_KEYS, localKeyRecords, localKeyStatements } from "../../../scripts/start/local-keys.ts";

const RECORDS = localKeyRecords();

test("each key is published under its hash, and none in plain text", () => {
  for (const key of Object.values(LOCAL_KEYS)) {
    expect(RECORDS.map((record) => record.key)).toContain(`key:${createHash("sha256").update(key).digest("hex")}`);
    expect(JSON.stringify(RECORDS)).not.toContain(key);
  }
});

test("the registry lists every published key, and adding them again is harmless", () => {
  const database = new DatabaseSync(":memory:");
  database.exec(readFileSync(join(import.meta.dirname, "../../../migrations/0009_applications.sql"), "utf8"));
  for (let times = 0; times < 2; times++) database.exec(localKeyStatements(new Date(0)));
  const rows = database.prepare("SELECT hash, revision FROM application_keys ORDER BY sequence").all();
  expect(rows.map(({ hash }) => `key:${hash}`)).toEqual(RECORDS.map(({ key }) => key));
  expect(rows.map(({ revision }) => ({ revision }))).toEqual(RECORDS.map(({ metadata }) => metadata));
});
