import { expect, it } from "vitest";
import { queueRefusal } from "../../src/http/queue-refusal";
import { expectRefusal } from "./expect-refusal";

it.each([
  [new Error("Queue send failed: Too Many Requests"), "rate_limited"],
  [new Error("Queue sendBatch failed: Storage Limit Exceeded"), "unavailable"],
  [new Error("Network connection lost."), "unavailable"],
  ["not an error", "unavailable"],
] as const)("answers %s with %s and Retry-After", (error, code) => {
  const refusal = expectRefusal(queueRefusal(error), code);
  expect(refusal.response().headers.get("Retry-After")).toMatch(/^[1-5]$/);
});
