import { describe, expect, it } from "vitest";
import { previewErrors } from "../../../src/api/replays/preview-errors";
import type { Repair } from "../../../src/model/repair/repair";
import { MAX_PREVIEW_WORK, MAX_PREVIEWED_ERRORS } from "../../../src/model/replay";
import { parseTimestamp } from "../../../src/model/time/time";
import { NO_RULES, rulesOf } from "../../../src/rules/rules";

const RECEIVED_AT = parseTimestamp("2021-01-01T10:00:00Z") ?? 0;
const terms = { futureToleranceMicros: 60_000_000, rules: rulesOf(NO_RULES) };

const event = { session_id: "s", category: "c", name: "n", data: {}, timestamp: "2021-01-01 09:00:00" };

const errorOf = (content: unknown, id = "e") => ({
  key: { id, receivedAt: RECEIVED_AT },
  ...{ application: "shop", session: "s", eventId: "event", issues: "[]" },
  content: { kind: "whole" as const, text: JSON.stringify(content) },
});

describe("previewErrors", () => {
  it("shows a timestamp from a fast clock after it is shifted by the time of receipt", () => {
    const ahead = { ...event, timestamp: "2021-01-01T11:59:58Z", context: { sent_at: "2021-01-01T12:00:00Z" } };
    const repair: Repair = {
      edits: [{ op: "shift", path: "/timestamp", from: "/context/sent_at", to: "/received_at" }],
    };
    expect(previewErrors([errorOf(ahead)], null, terms)).toMatchObject({ would_fail: 1, complete: true });
    const preview = previewErrors([errorOf(ahead)], repair, terms);
    expect(preview).toMatchObject({ examined: 1, would_pass: 1, complete: true });
    expect(preview.samples).toMatchObject([{ verdict: "pass", event: { timestamp: "2021-01-01T09:59:58.000000Z" } }]);
  });

  it("skips each event whose repair grows too large, with the reason, and continues", () => {
    const list = errorOf({ ...event, data: { x: [1] } }, "list");
    const object = errorOf({ ...event, data: { x: {} } }, "object");
    const repair: Repair = { edits: [{ op: "set", path: "/data/x/length", value: 4_294_967_295 }] };
    const preview = previewErrors([list, object], repair, terms);
    expect(preview).toMatchObject({ examined: 2, would_skip: 1, would_pass: 1 });
    const reason = 'the repair does not apply: an array needs an index or "-", found /data/x/length';
    expect(preview.samples).toMatchObject([{ id: "list", verdict: "skip", reason }, { id: "object" }]);
  });

  it("stops once the allowed work is used up, and reports how many errors it examined", () => {
    // As slow as an event can be: large, copied several times, and skipped only at the end.
    const large = errorOf({ ...event, data: { x: Array.from({ length: 8_000 }, (_, index) => index % 1_000) } });
    const copies = Array.from({ length: 24 }, (_, n) => ({ op: "copy" as const, from: "/data", path: `/data/k${n}` }));
    const errors = Array.from({ length: MAX_PREVIEWED_ERRORS }, () => large);
    const preview = previewErrors(errors, { patch: copies }, terms);
    expect(preview).toMatchObject({ complete: false, would_skip: preview.examined });
    // Each is charged the 131,072 bytes that it writes before it is skipped.
    expect(preview.examined).toBeGreaterThan(50);
    expect(preview.examined).toBeLessThan(MAX_PREVIEW_WORK / 131_072);
    expect(previewErrors(errors, { patch: copies }, terms)).toMatchObject({ examined: preview.examined });
  });

  it("charges the work of the schema", () => {
    const schema = JSON.stringify({ additionalProperties: { items: { type: "number", minimum: 0 } } });
    const rule = { category: "c", name: "n", version: 1, mode: "accept", schema, schema_mode: "enforce" } as const;
    const rules = rulesOf({ unregistered: "accept", types: [rule] });
    const errors = Array.from({ length: 10 }, () => errorOf({ ...event, data: { x: Array(3_000).fill(1) } }));
    const examined = (given: typeof rules) => previewErrors(errors, null, { ...terms, rules: given }, 30_000).examined;
    expect(examined(terms.rules)).toBe(5);
    expect(examined(rules)).toBe(2);
  });
});
