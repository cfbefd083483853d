import { env } from "cloudflare:workers";
import { beforeEach, expect, it } from "vitest";
import { compactionIoOf } from "../../src/compaction/compaction-io";
import { parseConfig } from "../../src/model/config";
import { DEFAULT_STORAGE_SETTINGS, saveStorageSettings } from "../../src/storage/admin/storage-settings";
import { firstDatabase } from "../../src/storage/core/databases";
import { MORNING } from "../storage/seed";
import { databases, emptyEverything } from "./harness";

const DAY = 86_400_000_000;

beforeEach(emptyEverything);

it("has every bound database and the bucket", async () => {
  const io = await compactionIoOf(env, parseConfig(env), () => {});
  expect(io.databases.map(({ index }) => index)).toEqual([0, 1, 2]);
  expect(io.archive).toBe(env.ARCHIVE);
});

it("has no archive where no bucket is bound", async () => {
  const unbound: Env = Object.assign({ ...env }, { ARCHIVE: undefined });
  expect((await compactionIoOf(unbound, parseConfig(env), () => {})).archive).toBeNull();
});

it("applies the stored settings, and those of the deployment in their place", async () => {
  await saveStorageSettings(firstDatabase(databases), { ...DEFAULT_STORAGE_SETTINGS, hot_days: 20 }, MORNING);
  const config = { ...parseConfig(env), hotMicros: null };
  expect((await compactionIoOf(env, config, () => {})).settings.hotMicros).toBe(20 * DAY);
  const trial = await compactionIoOf(env, { ...config, hotMicros: 7_000_000 }, () => {});
  expect(trial.settings.hotMicros).toBe(7_000_000);
});
