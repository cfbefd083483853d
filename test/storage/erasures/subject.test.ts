import { expect, it } from "vitest";
import { SUBJECT_KINDS, subjectHash } from "../../../src/storage/erasures/subject";

it("gives subjects of other kinds, ids and salts other hashes", () => {
  const ids = ["a", "b", 'a"', "a,b"];
  const hashes = ["salt", "other"].flatMap((salt) =>
    SUBJECT_KINDS.flatMap((kind) => ids.map((id) => subjectHash(salt, { kind, id }))),
  );
  expect(new Set(hashes).size).toBe(2 * SUBJECT_KINDS.length * ids.length);
  for (const hash of hashes) expect(hash).toMatch(/^[0-9a-f]{32}$/);
  expect(subjectHash("salt", { kind: "session", id: "a" })).toBe(hashes[0]);
});
