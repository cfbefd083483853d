import { expect, it } from "vitest";
import { compactionSettings } from "../../src/compaction/compaction-settings";
import { DEFAULT_STORAGE_SETTINGS, type StorageSettings } from "../../src/storage/admin/storage-settings";

const DAY = 86_400_000_000;
const DEPLOYED = { hotMicros: null, graceMicros: 600_000_000 };
const settingsOf = (changes: Partial<StorageSettings>, config = DEPLOYED) =>
  compactionSettings(config, { ...DEFAULT_STORAGE_SETTINGS, ...changes });

it("keeps errors in the databases for 15 days at least, because the queue may deliver them again", () => {
  expect(settingsOf({ hot_days: 3 })).toMatchObject({ hotMicros: 3 * DAY, errors: { hotMicros: 15 * DAY } });
  expect(settingsOf({ hot_days: 40 })).toMatchObject({ hotMicros: 40 * DAY, errors: { hotMicros: 40 * DAY } });
});

it("keeps everything for 30 days in the databases, and for ever in the archive, unless settings say otherwise", () => {
  expect(settingsOf({})).toMatchObject({
    ...{ hotMicros: 30 * DAY, errors: { hotMicros: 30 * DAY, everyMicros: DAY / 24 } },
    retention: { eventsMicros: null, errorsMicros: null, applications: [] },
  });
});

it("applies an application's periods only where they are shorter than the general ones", () => {
  const applications = {
    shorter: { events_days: 5, errors_days: 50 },
    longer: { events_days: 100, errors_days: null },
  };
  const { retention, hotMicros } = settingsOf({ retention: { events_days: 10, errors_days: null, applications } });
  expect(retention.applications).toEqual([
    { application: "shorter", eventsMicros: 5 * DAY, errorsMicros: 50 * DAY },
    { application: "longer", eventsMicros: null, errorsMicros: null },
  ]);
  // Events must have left the databases when the application's are deleted from the archive.
  expect(hotMicros).toBe(5 * DAY);
});

it("is shortened by the settings of the deployment, for trials", () => {
  const hotMicros: number | null = 2_000_000;
  const settings = compactionSettings({ hotMicros, graceMicros: 0 }, DEFAULT_STORAGE_SETTINGS);
  expect(settings).toMatchObject({ hotMicros, graceMicros: 0, lateMicros: 0, retention: { checkMicros: 0 } });
  expect(settings.errors).toEqual({ hotMicros, everyMicros: 1_000_000 });
});
