import { expect, it } from "vitest";
import { consume } from "../../src/pipeline/consumer";
import { alwaysInForce, batchOf, envelopeOf, eventOf, pipelineWith, storedErrors } from "./harness";

it("a session remembers very many failures of one call, each with all its issues", async () => {
  const name = "n".repeat(200);
  const schema = JSON.stringify({ properties: { [name]: { items: { enum: ["x".repeat(150)] } } } });
  const type = {
    category: "page interaction",
    name: "pageview",
    version: 1,
    mode: "accept",
    schema_mode: "enforce",
  } as const;
  const pipeline = pipelineWith({
    rules: async () => alwaysInForce({ unregistered: "accept", types: [{ ...type, schema }] }),
  });
  const data = { [name]: Array.from({ length: 20 }, (_, index) => `${"é".repeat(40)}${index}`) };
  const ids = Array.from({ length: 400 }, (_, index) => `large-${index}`);
  const envelope = envelopeOf(ids.map((id) => [id, eventOf("large-failures", { data })]));
  for (let times = 0; times < 2; times++) {
    const delivered = batchOf([envelope]);
    await consume(delivered.batch, pipeline);
    expect(delivered.acked).toEqual([0]);
  }
  const errors = await storedErrors(ids);
  expect(errors).toHaveLength(400);
  expect(errors.every(({ codes }) => codes.length === 20)).toBe(true);
});
