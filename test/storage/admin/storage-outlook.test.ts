import { beforeEach, expect, it } from "vitest";
import { archiveDelay } from "../../../src/storage/admin/storage-outlook";
import { compactAll, databases, emptyEverything } from "../../compaction/harness";
import { eventRow, HOUR, MORNING, store } from "../seed";

beforeEach(emptyEverything);

it("says since when a partition should have left the databases", async () => {
  await store(
    databases,
    { events: [eventRow({ occurredAt: MORNING }), eventRow({ occurredAt: MORNING + 5 * HOUR })] },
    HOUR,
  );
  const delayAt = (now: number) => archiveDelay(databases, { hotMicros: 2 * HOUR, now });
  expect(await delayAt(MORNING + 3 * HOUR)).toBe(0);
  expect(await delayAt(MORNING + 4 * HOUR)).toBe(HOUR);
  expect(await archiveDelay(databases, { hotMicros: null, now: MORNING + 4 * HOUR })).toBe(0);
  await compactAll();
  expect(await delayAt(MORNING + 100 * HOUR)).toBe(0);
});
