import { env } from "cloudflare:workers";
import * as v from "valibot";
import { beforeEach, expect, it } from "vitest";
import {
  DEFAULT_STORAGE_SETTINGS,
  readStorageSettings,
  StorageSettingsSchema,
  saveStorageSettings,
} from "../../../src/storage/admin/storage-settings";

const home = { index: 0, binding: env.DB };

beforeEach(async () => {
  await env.DB.prepare("DELETE FROM storage_settings").run();
});

it("has defaults until settings are saved, then the latest", async () => {
  expect(await readStorageSettings(home)).toEqual({ settings: DEFAULT_STORAGE_SETTINGS, changedAt: null });
  for (const hot_days of [7, 9]) await saveStorageSettings(home, { ...DEFAULT_STORAGE_SETTINGS, hot_days }, hot_days);
  expect(await readStorageSettings(home)).toEqual({
    settings: { ...DEFAULT_STORAGE_SETTINGS, hot_days: 9 },
    changedAt: 9,
  });
});

const manyApplications = (count: number) =>
  Object.fromEntries(Array.from({ length: count }, (_, n) => [`app-${n}`, { events_days: 1, errors_days: null }]));

it.each<[string, object, boolean]>([
  ["the defaults", {}, true],
  ["a hot window of 0 days", { hot_days: 0 }, false],
  ["a hot window of half a day", { hot_days: 0.5 }, false],
  ["more bytes than D1 allows", { hot_bytes: 10_000_000_000 }, false],
  ["100 applications", { retention: { events_days: 1, errors_days: 1, applications: manyApplications(100) } }, true],
  ["101 applications", { retention: { events_days: 1, errors_days: 1, applications: manyApplications(101) } }, false],
  ["retention without applications", { retention: { events_days: 1, errors_days: null } }, true],
  ["an unknown member", { more: 1 }, false],
])("validates settings: %s", (_, changes, isValid) => {
  expect(v.is(StorageSettingsSchema, { ...DEFAULT_STORAGE_SETTINGS, ...changes })).toBe(isValid);
});
