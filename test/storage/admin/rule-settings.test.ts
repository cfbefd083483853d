import { env } from "cloudflare:workers";
import { beforeEach, expect, it } from "vitest";
import { readRuleSettings, saveRuleSettings } from "../../../src/storage/admin/rule-settings";
import { databasesOf, firstDatabase } from "../../../src/storage/core/databases";

const home = firstDatabase(databasesOf(env));
const NOW = 1_700_000_000_000_000;
const LEAD = 60_000_000;

beforeEach(async () => {
  await home.binding.prepare("DELETE FROM rule_settings").run();
});

it("no settings are stored initially", async () => {
  expect(await readRuleSettings(home)).toBeNull();
});

it("a change is in force after the lead, and can be read before", async () => {
  const saved = await saveRuleSettings(home, { unregistered: "reject" }, { now: NOW, lead: LEAD });
  expect(saved).toEqual({ unregistered: "reject", changed_at: NOW, in_force_at: NOW + LEAD });
  expect(await readRuleSettings(home)).toEqual(saved);
});

it("a change to the same value makes no version", async () => {
  const saved = await saveRuleSettings(home, { unregistered: "reject" }, { now: NOW, lead: LEAD });
  expect(await saveRuleSettings(home, { unregistered: "reject" }, { now: NOW + 1, lead: LEAD })).toEqual(saved);
  expect(await saveRuleSettings(home, { unregistered: "accept" }, { now: NOW + 2, lead: LEAD })).toMatchObject({
    unregistered: "accept",
    changed_at: NOW + 2,
  });
});
