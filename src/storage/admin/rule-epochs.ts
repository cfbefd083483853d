import * as v from "valibot";
import { EventTypeRuleSchema, ModeSchema, type RuleBook } from "../../model/event/event-type";
import type { Micros } from "../../model/time/time";
import type { Database } from "../core/databases";

/**
 * When rules come into force. The versions of event types and of settings in the first database form one history:
 * each change comes into force later than all changes before it, so the rules of an epoch never change.
 */

/** When a rule change is made, in microseconds since 1970, and the delay until it is in force. */
export interface ChangeTime {
  now: Micros;
  lead: Micros;
}

/** SQL for the time at which the statement's change comes into force. */
export function inForceAt(now: string, lead: string): string {
  return `max(
  ${now} + ${lead},
  1 + coalesce((SELECT max(in_force_at) FROM event_types), 0),
  1 + coalesce((SELECT max(in_force_at) FROM rule_settings), 0)
)`;
}

const EPOCHS = `
SELECT in_force_at FROM event_types WHERE in_force_at > ?1
UNION SELECT in_force_at FROM rule_settings WHERE in_force_at > ?1
ORDER BY in_force_at`;

/** With max(), SQLite takes the other columns from the row that has the maximum. */
const TYPES = `
SELECT category, name, version, mode, schema_mode, schema FROM (
  SELECT category, name, max(version) AS version, registered, mode, schema_mode, schema
  FROM event_types WHERE in_force_at <= ?1 GROUP BY category, name
) WHERE registered = 1`;

const SETTINGS = "SELECT unregistered FROM rule_settings WHERE in_force_at <= ?1 ORDER BY in_force_at DESC LIMIT 1";

/** The times later than `after` at which a change comes into force, ascending. Reads only these rows. */
export async function listRuleEpochs({ binding }: Database, after: Micros): Promise<Micros[]> {
  const { results } = await binding.prepare(EPOCHS).bind(after).all<{ in_force_at: number }>();
  return results.map(({ in_force_at: since }) => since);
}

/** The rules in force at a given time. Reads every version of every type, a few thousand rows at most. */
export async function loadRuleBook({ binding }: Database, moment: Micros): Promise<RuleBook> {
  const [settings, types] = await binding.batch<unknown>([
    binding.prepare(SETTINGS).bind(moment),
    binding.prepare(TYPES).bind(moment),
  ]);
  const [set] = v.parse(v.array(v.object({ unregistered: ModeSchema })), settings?.results);
  return { unregistered: set?.unregistered ?? "accept", types: v.parse(v.array(EventTypeRuleSchema), types?.results) };
}
