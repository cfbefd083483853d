import * as v from "valibot";
import { ModeSchema } from "../../model/event/event-type";
import type { Database } from "../core/databases";
import { type ChangeTime, inForceAt } from "./rule-epochs";

/** The settings of the deployment that are rules, in the first database. Each change is a new version. */

const RowSchema = v.object({ unregistered: ModeSchema, changed_at: v.number(), in_force_at: v.number() });

/**
 * One version of the settings. It is in force from `in_force_at` until that of the next version, in microseconds
 * since 1970.
 */
export type RuleSettingsVersion = v.InferOutput<typeof RowSchema>;

const NEWEST = "SELECT unregistered, changed_at, in_force_at FROM rule_settings ORDER BY in_force_at DESC LIMIT 1";

/** Adds nothing if the newest version is the same. */
const ADD_VERSION = `
INSERT INTO rule_settings (unregistered, changed_at, in_force_at)
SELECT ?1, ?2, ${inForceAt("?2", "?3")}
WHERE ?1 IS NOT (SELECT unregistered FROM (${NEWEST}))`;

/**
 * Changes the settings, as a new version that comes into force after the lead.
 *
 * @returns the newest version
 */
export async function saveRuleSettings(
  { binding }: Database,
  { unregistered }: Pick<RuleSettingsVersion, "unregistered">,
  { now, lead }: ChangeTime,
): Promise<RuleSettingsVersion> {
  const [, newest] = await binding.batch<unknown>([
    binding.prepare(ADD_VERSION).bind(unregistered, now, lead),
    binding.prepare(NEWEST),
  ]);
  return v.parse(RowSchema, newest?.results[0]);
}

/** The newest version, in force or not; null if none was ever set. */
export async function readRuleSettings({ binding }: Database): Promise<RuleSettingsVersion | null> {
  const row = await binding.prepare(NEWEST).first();
  return row === null ? null : v.parse(RowSchema, row);
}
