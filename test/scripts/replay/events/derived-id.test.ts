import { expect, test } from "vitest";
import { derivedId } from "../../../../scripts/replay/events/derived-id.ts";

test("equal parts give the same id, a UUID of version 8; different parts give different ids", () => {
  const id = derivedId("session", 7, null);
  expect(id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  expect(derivedId("session", 7, null)).toBe(id);
  const others = [derivedId("session", "7", null), derivedId("session7", null), derivedId("session", 7)];
  expect(new Set([id, ...others]).size).toBe(4);
});
