import * as v from "valibot";
import { EventTypeRuleSchema, ModeSchema, type RuleBook } from "../../model/event/event-type";
import type { Micros } from "../../model/time/time";
import type { Database } from "../core/databases";

/**
 * When rules come into force. The versions of event types and of settings in the first database are one history: each
 * change is in force from a later moment than all changes before it, so the rules of an epoch never change.
 */

/** When a change of the rules is made, in microseconds since 1970, and how long after that it is in force. */
export interface ChangeTime {
  now: Micros;
  lead: Micros;
}

/** SQL for the moment at which a change comes into force that the statement makes. */
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

/** With max() SQLite takes the other columns from the row that has the maximum. */
const TYPES = `
SELECT category, name, version, mode, schema_mode, schema FROM (
  SELECT category, name, max(version) AS version, registered, mode, schema_mode, schema
  FROM event_types WHERE in_force_at <= ?1 GROUP BY category, name
) WHERE registered = 1`;

const SETTINGS = "SELECT unregistered FROM rule_settings WHERE in_force_at <= ?1 ORDER BY in_force_at DESC LIMIT 1";

/** The moments after `after` at which a change came or will come into force, ascending. Reads only these. */
export async function listRuleEpochs({ binding }: Database, after: Micros): Promise<Micros[]> {
  const { results } = await binding.prepare(EPOCHS).bind(after).all<{ in_force_at: number }>();
  return results.map(({ in_force_at: since }) => since);
}

/** The rules in force at a moment. Reads every version of every type, a few thousand rows at most. */
export async function loadRuleBook({ binding }: Database, moment: Micros): Promise<RuleBook> {
  const [settings, types] = await binding.batch<unknown>([
    binding.prepare(SETTINGS).bind(moment),
    binding.prepare(TYPES).bind(moment),
  ]);
  const [set] = v.parse(v.array(v.object({ unregistered: ModeSchema })), settings?.results);
  return { unregistered: set?.unregistered ?? "accept", types: v.parse(v.array(EventTypeRuleSchema), types?.results) };
}
