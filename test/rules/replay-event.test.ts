import { describe, expect, it } from "vitest";
import { MAX_EVENT_BYTES } from "../../src/model/limits";
import { parseTimestamp } from "../../src/model/time/time";
import { type FailedEvent, prepareReplay, validateReplayed } from "../../src/rules/replay-event";
import { NO_RULES, rulesOf } from "../../src/rules/rules";

const RECEIVED_AT = parseTimestamp("2021-01-01T10:00:00Z") ?? 0;
const EVENT = { session_id: "s", category: "c", name: "n", data: null, timestamp: "2021-01-01 09:00:00" };
const terms = { futureToleranceMicros: 60_000_000, rules: rulesOf(NO_RULES) };

function errorOf(content: unknown, changes: Partial<FailedEvent> = {}): FailedEvent {
  const text = typeof content === "string" ? content : JSON.stringify(content);
  return {
    ...{ key: { receivedAt: RECEIVED_AT }, application: "shop", session: "s", eventId: "e", issues: "[]" },
    content: { kind: "whole", text },
    ...changes,
  };
}

const withData = { edits: [{ op: "set" as const, path: "/data", value: {} }] };

describe("a failed event", () => {
  it("is prepared with its id, application and receipt, after its repair", () => {
    expect(prepareReplay(errorOf(EVENT), withData)).toMatchObject({
      ...{ kind: "fit", event: { ...EVENT, data: {} }, eventId: "e", application: "shop", receivedAt: RECEIVED_AT },
      ...{ levels: 2, isOversized: false },
    });
  });

  it("is prepared as sent if there is no repair", () => {
    expect(prepareReplay(errorOf(EVENT), null)).toMatchObject({ kind: "fit", event: EVENT });
  });

  it("that is still too large is not sent to a session", () => {
    const prepared = prepareReplay(errorOf({ ...EVENT, data: { text: "x".repeat(MAX_EVENT_BYTES) } }), null);
    expect(prepared).toMatchObject({ kind: "fit", isOversized: true });
  });

  const malformed = JSON.stringify([{ code: "delivery_failed", path: "", message: "" }]);
  it.each<[string, FailedEvent, typeof withData | null]>([
    ["it is a malformed queue message and not an event", errorOf(EVENT, { application: null }), null],
    ["it is a malformed queue message and not an event", errorOf(EVENT, { session: null, issues: malformed }), null],
    ["1 of its 3 pieces have arrived", errorOf(EVENT, { content: { kind: "incomplete", arrived: 1, of: 3 } }), null],
    ["it is nested too deeply to be repaired", errorOf(`${"[".repeat(1_001)}${"]".repeat(1_001)}`), null],
    ['the repair does not apply: an array needs an index or "-", found /data', errorOf([1]), withData],
  ])("cannot be validated if %s", (reason, error, repair) => {
    expect(prepareReplay(error, repair)).toMatchObject({ kind: "unfit", reason });
  });

  it("charges work by its size", () => {
    const small = prepareReplay(errorOf(EVENT), null).work;
    expect(prepareReplay(errorOf({ ...EVENT, data: { text: "x".repeat(10_000) } }), null).work - small).toBeGreaterThan(
      9_000,
    );
  });
});

describe("the verdict on a repaired event", () => {
  const validate = (event: unknown, repair: typeof withData | null) => {
    const prepared = prepareReplay(errorOf(event), repair);
    if (prepared.kind === "unfit") throw new Error(prepared.reason);
    return validateReplayed(prepared, terms);
  };

  it("is the same as for any event", () => {
    expect(validate(EVENT, null)).toMatchObject({ valid: false, issues: [{ code: "data_invalid" }] });
    expect(validate(EVENT, withData)).toMatchObject({ valid: true });
  });

  it("depends on the event's receipt and not on the time of the replay", () => {
    const ahead = { ...EVENT, timestamp: "2021-01-01 10:02:00" };
    expect(validate(ahead, withData)).toMatchObject({ valid: false, issues: [{ code: "timestamp_in_future" }] });
  });
});
