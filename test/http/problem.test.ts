import { describe, expect, it } from "vitest";
import { problem, Refusal } from "../../src/http/problem";
import { REQUEST_PROBLEMS, type RequestProblemCode } from "../../src/model/codes";

const CODES = Object.keys(REQUEST_PROBLEMS) as RequestProblemCode[];

describe("problem", () => {
  it.each(CODES)("answers %s in the form of RFC 9457", async (code) => {
    const response = problem(code, "What was wrong.", { limit: 3 }, { "X-More": "1" });
    expect(response.status).toBe(REQUEST_PROBLEMS[code].status);
    expect(response.headers.get("Content-Type")).toBe("application/problem+json");
    expect(response.headers.get("X-More")).toBe("1");
    expect(await response.json()).toEqual({
      type: `/problems/${code}`,
      title: REQUEST_PROBLEMS[code].title,
      status: REQUEST_PROBLEMS[code].status,
      code,
      detail: "What was wrong.",
      limit: 3,
    });
  });

  it.each(CODES)("has Retry-After only if a retry can help: %s", (code) => {
    const retry = problem(code, "").headers.get("Retry-After");
    if (["rate_limited", "unavailable", "misconfigured"].includes(code)) expect(retry).toMatch(/^[1-5]$/);
    else expect(retry).toBeNull();
  });

  it("spreads the retries of clients", () => {
    const seconds = new Set(Array.from({ length: 200 }, () => problem("unavailable", "").headers.get("Retry-After")));
    expect(seconds.size).toBe(5);
  });
});

describe("Refusal", () => {
  it("becomes the problem that it describes", async () => {
    const refusal = new Refusal("conflict", "It is there.", { parameter: "name" });
    expect(refusal.status).toBe(409);
    expect(await refusal.response().json()).toMatchObject({ code: "conflict", parameter: "name" });
  });
});
