import { expect, it } from "vitest";
import { refuseTooManyEvents } from "../../../../src/api/questions/stats/too-many-events";
import { MAX_LIVE_EVENTS } from "../../../../src/storage/core/read-limits";

it("states the number of events and the limit", () => {
  const refusal = refuseTooManyEvents(1_234, { limit: 1_000, advice: "Use less." });
  expect(refusal).toMatchObject({ code: "question_too_large", members: { limit: 1_000, actual: 1_234 } });
  expect(refusal.detail).toContain("about 1234 events; the limit is 1000. Use less.");
});

it("hides the number from a key that must not see it", () => {
  const refusal = refuseTooManyEvents(null);
  expect(refusal.members).toEqual({ limit: MAX_LIVE_EVENTS });
  expect(refusal.detail).toContain("too many events");
});
