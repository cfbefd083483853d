import { createHmac } from "node:crypto";
import fc from "fast-check";
import { expect, it } from "vitest";
import { signMessage } from "../../src/alerting/signature";

it("the signature is the HMAC-SHA256 of timestamp, dot and body", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.string({ minLength: 1 }),
      fc.nat(),
      fc.string({ unit: "grapheme" }),
      async (secret, time, body) => {
        const expected = createHmac("sha256", secret).update(`${time}.${body}`).digest("hex");
        expect(await signMessage(secret, time, body)).toBe(`v1=${expected}`);
      },
    ),
  );
});
