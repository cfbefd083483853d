import { env } from "cloudflare:workers";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { comparePackedIds, packId, storedIdSql, unpackId } from "../../../src/storage/core/packed-id";

const anyId = fc.oneof(
  fc.uuid(),
  fc.uuid().map((id) => id.toUpperCase()),
  fc.string({ unit: "grapheme", minLength: 1 }),
  fc.constantFrom(
    "x00",
    "t",
    "xe2085be591374e4e80b5f1ffddc25423",
    "\uffee",
    "\u{1F600}",
    "\ue000",
    "\u{10ffff}",
    "Z",
    "a\u0301",
  ),
);

describe("a packed id", () => {
  it("unpacks to the original id", () => {
    fc.assert(
      fc.property(anyId, (id) => {
        expect(unpackId(packId(id))).toBe(id);
      }),
    );
  });

  it("is binary only for a UUID in lower case, so that different ids stay different", () => {
    const id = "e2085be5-9137-4e4e-80b5-f1ffddc25423";
    expect(packId(id)).toBe("xe2085be591374e4e80b5f1ffddc25423");
    for (const other of [id.toUpperCase(), `${id} `, id.replaceAll("-", ""), `{${id}}`])
      expect(packId(other)).toBe(`t${other}`);
    fc.assert(
      fc.property(anyId, anyId, (a, b) => {
        expect(packId(a) === packId(b)).toBe(a === b);
      }),
    );
  });

  it("returns unchanged from D1, in the order of comparePackedIds", async () => {
    await fc.assert(
      fc.asyncProperty(fc.uniqueArray(anyId, { minLength: 30, maxLength: 100 }), async (ids) => {
        const packed = ids.map(packId);
        const { results } = await env.DB.prepare(
          `SELECT iif(typeof(id) = 'blob', 'x' || lower(hex(id)), 't' || id) AS id
           FROM (SELECT ${storedIdSql("value")} AS id FROM json_each(?1)) ORDER BY id COLLATE BINARY`,
        )
          .bind(JSON.stringify(packed))
          .all<{ id: string }>();
        expect(packed.toSorted(comparePackedIds)).toEqual(results.map(({ id }) => id));
      }),
      { numRuns: 30 },
    );
  });

  it("compares equal to itself, and less than any id that it is a prefix of", () => {
    expect(comparePackedIds("ta", "ta")).toBe(0);
    expect(comparePackedIds("ta", "taa")).toBeLessThan(0);
    expect(comparePackedIds("tz", "x00")).toBeLessThan(0);
  });
});
