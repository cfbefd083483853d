import { DrizzleQueryError } from "drizzle-orm/errors";
import { describe, expect, it } from "vitest";
import { causeOf, failureOf, messageOf } from "../../../src/storage/core/transport-errors";

describe("failureOf", () => {
  it.each([
    ["D1_ERROR: D1 DB is overloaded. Requests queued for too long.", "overloaded"],
    ["D1_ERROR: D1 DB is overloaded. Too many requests queued.", "overloaded"],
    ["D1_ERROR: D1 DB exceeded its CPU time limit and was reset.", "exhausted"],
    ["D1_ERROR: D1 DB storage operation exceeded timeout which caused object to be reset.", "overloaded"],
    ["D1_ERROR: D1 DB's isolate exceeded its memory limit and was reset.", "exhausted"],
    ["Durable Object's isolate exceeded its memory limit and was reset.", "exhausted"],
    ["Durable Object exceeded its CPU time limit and was reset.", "exhausted"],
    ["Worker exceeded CPU time limit.", "exhausted"],
    ["Worker exceeded memory limit.", "exhausted"],
    ["Worker has exceeded memory limit.", "exhausted"],
    ["Worker exceeded resource limits", "exhausted"],
    ["exceededCpu: CPU limit exceeded", "exhausted"],
    ["Array buffer allocation failed: out of memory", "exhausted"],
    ["Your account is generating too much load on Durable Objects. Please back off and try again later.", "overloaded"],
    ["D1_ERROR: Network connection lost.", "transient"],
    ["D1_ERROR: Internal error in D1 DB storage caused object to be reset.", "transient"],
    ["D1_ERROR: D1 DB reset because its code was updated.", "transient"],
    ["D1_ERROR: Cannot resolve D1 DB due to transient issue on remote node.", "transient"],
    ["internal error; reference = abc", "transient"],
    ["D1_ERROR: string or blob too big: SQLITE_TOOBIG", "rejected"],
    ["D1_ERROR: no such table: events_12: SQLITE_ERROR", "stale"],
    ["D1_ERROR: no such table: main.events_12s: SQLITE_ERROR", "stale"],
    ["D1_ERROR: no such table: activity_7: SQLITE_ERROR", "stale"],
    ["D1_ERROR: no such table: visits_7l: SQLITE_ERROR", "stale"],
    ["D1_ERROR: no such table: minutes_7: SQLITE_ERROR", "stale"],
    ["D1_ERROR: no such table: events: SQLITE_ERROR", "overloaded"],
    ["D1_ERROR: no such table: series_hours: SQLITE_ERROR", "overloaded"],
    ["D1_ERROR: Exceeded maximum DB size: SQLITE_ERROR", "overloaded"],
    ["D1 is overloaded: no database has room for a new partition", "overloaded"],
    ["D1_ERROR: UNIQUE constraint failed: events_7.slot: SQLITE_CONSTRAINT", "rejected"],
    ["D1_ERROR: table events has no such column: place", "overloaded"],
    ["D1_ERROR: database or disk is full: SQLITE_FULL", "overloaded"],
    ["Too many subrequests by single Worker invocation.", "overloaded"],
    ["Cannot read properties of undefined (reading 'kind')", "rejected"],
    ["", "rejected"],
  ])("classifies %j as %s", (message, failure) => {
    expect(failureOf(new Error(message))).toBe(failure);
  });

  it("classifies a failed query by its cause", () => {
    const lost = new DrizzleQueryError("SELECT 1", ["overloaded"], new Error("D1_ERROR: Network connection lost."));
    expect(failureOf(lost)).toBe("transient");
    const flagged = Object.assign(new Error(""), { overloaded: true });
    expect(failureOf(new DrizzleQueryError("SELECT 1", [], flagged))).toBe("overloaded");
  });

  it("checks the platform's flags before its texts", () => {
    const thrown = (message: string, flags: object) => Object.assign(new Error(message), flags);
    expect(failureOf(thrown("", { retryable: true }))).toBe("transient");
    expect(failureOf(thrown("", { durableObjectReset: true }))).toBe("transient");
    expect(failureOf(thrown("", { overloaded: true, retryable: true }))).toBe("overloaded");
    expect(failureOf(thrown("Network connection lost.", { overloaded: true }))).toBe("overloaded");
    // An object that ran out of memory was reset and can be called again, but the same call would reset it again.
    const reset = { durableObjectReset: true, retryable: true, overloaded: true };
    expect(failureOf(thrown("Durable Object's isolate exceeded its memory limit and was reset.", reset))).toBe(
      "exhausted",
    );
    expect(failureOf(thrown("no", { overloaded: false, retryable: false }))).toBe("rejected");
  });

  it("classifies any thrown value", () => {
    expect([null, undefined, 7, {}, "Network connection lost"].map(failureOf)).toEqual([
      "rejected",
      "rejected",
      "rejected",
      "rejected",
      "transient",
    ]);
    expect(messageOf("text")).toBe("text");
  });
});

it("leaves the parameters of a failed query out of its message: they may be ids that must not reach a log", () => {
  const failed = new DrizzleQueryError("SELECT ?1", ["a visitor"], new Error("connection lost"));
  expect(messageOf(failed)).toBe("connection lost");
  expect(messageOf(new DrizzleQueryError("SELECT ?1", ["a visitor"]))).not.toContain("a visitor");
  expect(causeOf(failed)).toEqual(new Error("connection lost"));
  expect(causeOf("text")).toBe("text");
});
