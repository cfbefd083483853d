import fc from "fast-check";
import { expect, it } from "vitest";
import { compileSchema } from "../../src/rules/compile-schema";
import { proposeSchema } from "../../src/rules/propose-schema";
import { readSchema } from "../../src/rules/read-schema";

const payload = fc.dictionary(
  fc.oneof(fc.string(), fc.constantFrom("a", "b", "__proto__")),
  fc.jsonValue({ maxDepth: 12 }),
);

it("a proposal can be registered, and every payload that it was made from matches", () => {
  fc.assert(
    fc.property(fc.array(payload, { minLength: 1, maxLength: 20 }), (payloads) => {
      // In the form in which the database returns them.
      const read: unknown[] = JSON.parse(JSON.stringify(payloads));
      const schema = readSchema(JSON.parse(JSON.stringify(proposeSchema(read))));
      if (!schema.ok) throw new Error(`${schema.fault.path}: ${schema.fault.reason}`);
      const check = compileSchema(schema.schema);
      for (const one of read) expect(check(one)).toEqual([]);
    }),
  );
});

it("a proposal for payloads with very many members stays small enough to be registered", () => {
  const wide = Object.fromEntries(Array.from({ length: 49 }, (_, index) => [`m${index}`, { a: { b: { c: index } } }]));
  expect(readSchema(proposeSchema([wide, { ...wide, more: [wide] }]))).toMatchObject({ ok: true });
  const map = Object.fromEntries(Array.from({ length: 3_000 }, (_, index) => [`sku-${index}`, 1]));
  expect(proposeSchema([{ prices: map }])).toMatchObject({ properties: { prices: { type: "object" } } });
});
