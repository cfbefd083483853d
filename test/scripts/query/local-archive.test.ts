import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { openLocalArchive } from "../../../scripts/query/local-archive.ts";
import { fillLocalBucket } from "./local-bucket.ts";

const BUCKET = "bucket";
const EVENTS = "events/day=2021-01-01/hour=09/db=0/0a.parquet";
const ERRORS = "errors/day=2021-01-01/hour=09/db=1/0b.parquet";

const state = mkdtempSync(join(tmpdir(), "the-eye-archive-"));

/** A bucket of the local platform: its layout is nobody's promise, so this test shows when it changes. */
beforeAll(async () => {
  const keys = [EVENTS, ERRORS, "exports/0c.parquet", `${EVENTS}.part`];
  await fillLocalBucket(state, BUCKET, Object.fromEntries(keys.map((key) => [key, key])));
}, 60_000);
afterAll(() => rmSync(state, { recursive: true, force: true }));

test("shows the files of the archive under their names, and no other objects", () => {
  const archive = openLocalArchive(state, BUCKET);
  if (archive === null) throw new Error("there is no archive");
  const files = readdirSync(archive.folder, { recursive: true, encoding: "utf8" }).filter((name) => /\./.test(name));
  expect(files.toSorted()).toEqual([ERRORS, EVENTS].map((key) => join(...key.split("/"))));
  expect(readFileSync(join(archive.folder, EVENTS), "utf8")).toBe(EVENTS);
  expect(archive.files).toEqual({ events: 1, errors: 1 });
  archive.remove();
  expect(readdirSync(state)).toEqual(["v3"]);
});

test("is empty for a bucket without files, and null without a state", () => {
  const other = openLocalArchive(state, "other");
  expect(other?.files).toEqual({ events: 0, errors: 0 });
  other?.remove();
  expect(openLocalArchive(join(state, "none"), BUCKET)).toBeNull();
});
