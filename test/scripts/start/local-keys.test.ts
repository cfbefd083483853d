import { createHash } from "node:crypto";
import { expect, test } from "vitest";
import { LOCAL_KEYS, localKeyRecords } from "../../../scripts/start/local-keys.ts";

const RECORDS = localKeyRecords(new Date(0));

test("each key is stored under its hash, and none as it is", () => {
  for (const key of Object.values(LOCAL_KEYS)) {
    expect(RECORDS.map((record) => record.key)).toContain(`key:${createHash("sha256").update(key).digest("hex")}`);
    expect(JSON.stringify(RECORDS)).not.toContain(key);
  }
});

test("the application lists every key that lives", () => {
  const application = JSON.parse(RECORDS[0]?.value ?? "{}");
  const listed = application.keys.map((key: { hash: string }) => `key:${key.hash}`);
  expect(RECORDS.slice(1).map((record) => record.key)).toEqual(listed);
});
