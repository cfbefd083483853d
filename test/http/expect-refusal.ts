import { expect } from "vitest";
import { Refusal } from "../../src/http/problem";
import type { RequestProblemCode } from "../../src/model/codes";

/** Expects a refusal with the code and returns it. */
export function expectRefusal(result: unknown, code: RequestProblemCode): Refusal {
  expect(result).toBeInstanceOf(Refusal);
  if (!(result instanceof Refusal)) throw new Error("not a refusal");
  expect(result.code).toBe(code);
  return result;
}
