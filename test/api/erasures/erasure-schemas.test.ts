import * as v from "valibot";
import { describe, expect, it } from "vitest";
import { ErasurePlaceSchema, ErasureSchema, renderErasure } from "../../../src/api/erasures/erasure-schemas";
import type { Erasure } from "../../../src/storage/erasures/erasure-records";

const AT = 1_609_491_600_000_000;
const ERASURE = {
  ...{ id: "erasure-1", kind: "session", status: "running", subject: "secret", before: AT, requestedBy: "shop" },
  ...{
    updatedAt: AT + 1,
    step: 2,
    sessions: 3,
    events: 4,
    errors: 5,
    waitingSince: null,
    missingObject: null,
    thorough: 0,
    state: null,
  },
} as unknown as Erasure;

describe("renderErasure", () => {
  it("shows everything but what is erased", () => {
    const shown = renderErasure(ERASURE, null);
    expect(shown).toEqual({
      ...{ id: "erasure-1", kind: "session", status: "running", requested_by: "shop" },
      ...{ requested_at: "2021-01-01T09:00:00.000000Z", updated_at: "2021-01-01T09:00:00.000001Z" },
      ...{ steps: 2, sessions: 3, events: 4, errors: 5, thorough: false, waiting: null, copies: null },
    });
    expect(v.is(ErasureSchema, shown)).toBe(true);
  });

  it("says what it waits for: an object of the archive, or the next try", () => {
    const waiting = (missingObject: string | null) =>
      renderErasure({ ...ERASURE, waitingSince: AT, missingObject }, null).waiting;
    const since = "2021-01-01T09:00:00.000000Z";
    expect(waiting("events/a.parquet")).toMatchObject({ for: "archive_object", object: "events/a.parquet", since });
    expect(waiting(null)).toMatchObject({ for: "retry", object: null, since });
  });
});

it("an erasure says where copies may remain, and until when", () => {
  const copies = (until: number | null) => renderErasure(ERASURE, { partitions: [3, 4], errors: false, until });
  const shown = { partitions: [3, 4], errors: false };
  expect(copies(AT).copies).toEqual({ ...shown, until: "2021-01-01T09:00:00.000000Z" });
  expect(copies(null).copies).toEqual({ ...shown, until: null });
  expect(v.is(ErasureSchema, copies(AT))).toBe(true);
});

it("a thorough erasure says which partitions it waits for, and from when", () => {
  const thorough: Erasure = { ...ERASURE, thorough: 1, state: JSON.stringify({ pass: 2, phase: "copies", since: AT }) };
  const waiting = (copies: Parameters<typeof renderErasure>[1]) => renderErasure(thorough, copies).waiting;
  const shown = { for: "partitions", object: null, since: "2021-01-01T09:00:00.000000Z" };
  expect(waiting({ partitions: [3, 4], errors: true, until: AT })).toEqual({
    ...shown,
    detail: expect.stringMatching(/partitions 3, 4.*from 2021-01-01T09:00:00.000000Z on/),
  });
  expect(waiting({ partitions: [3], errors: false, until: null })?.detail).toContain("when it is over");
  expect(waiting(null)).toEqual({ ...shown, detail: expect.stringContaining("No copies remain") });
  expect(renderErasure({ ...thorough, status: "done" }, null).waiting).toBeNull();
});

it("a place in the list is a time and an id, and nothing else", () => {
  expect(v.parse(ErasurePlaceSchema, [5, "a"])).toEqual({ before: 5, id: "a" });
  for (const place of [[5], [5, "a", 1], [1.5, "a"], ["5", "a"], [5, "a".repeat(201)]]) {
    expect(v.is(ErasurePlaceSchema, place)).toBe(false);
  }
});
