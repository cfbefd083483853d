import { problem, Refusal } from "../../http/problem";
import { formatSeconds } from "../../http/request/moment";
import type { Config } from "../../model/config";
import { formatTimestamp } from "../../model/time/time";
import { readSchema } from "../../rules/read-schema";
import type { EventTypeVersion } from "../../storage/admin/event-types";
import type { ChangeTime } from "../../storage/admin/rule-epochs";
import type { Database } from "../../storage/core/databases";
import { type EventTypeUsage, findUsage } from "../../storage/counts/event-type-usage";

/** The responses and refusals that the operations on event types share. */

/** The refusal of an invalid or unsafe schema, or null. */
export function refuseSchema(schema: unknown): Refusal | null {
  if (schema === null) return null;
  const read = readSchema(schema);
  if (read.ok) return null;
  const { path, reason } = read.fault;
  const where = path === "" ? "" : ` at ${path}`;
  return new Refusal("schema_invalid", `The schema is not valid${where}: ${reason}.`, { path });
}

export async function usageOf(
  databases: Database[],
  only: { category: string; name: string },
  { days, applications }: { days: number; applications: readonly string[] | null },
): Promise<EventTypeUsage> {
  const [usage] = await findUsage(databases, { after: null, only, applications, limit: 1, ...lastDays(days) });
  return usage ?? { ...only, firstSeen: null, lastSeen: null, events: 0, failures: 0 };
}

/** The last days up to today, by their starts in seconds since 1970. */
export function lastDays(days: number): { firstDay: number; lastDay: number } {
  const lastDay = Math.floor(Date.now() / 86_400_000) * 86_400;
  return { firstDay: lastDay - (days - 1) * 86_400, lastDay };
}

export function renderUsage({ firstSeen, lastSeen, events, failures }: EventTypeUsage) {
  return {
    first_seen: firstSeen === null ? null : formatSeconds(firstSeen),
    last_seen: lastSeen === null ? null : formatSeconds(lastSeen),
    events,
    failures,
  };
}

export function render({ schema, changed_at: changedAt, in_force_at: inForceAt, ...version }: EventTypeVersion) {
  return {
    ...version,
    schema: schema === null ? null : JSON.parse(schema),
    changed_at: formatTimestamp(changedAt),
    in_force_at: formatTimestamp(inForceAt),
  };
}

export function noType(): Response {
  return problem(
    "not_found",
    "There is no registered event type of this category and name, or it does not have this version.",
  );
}

/** The time of a change that is requested now. */
export function changeTime({ ruleLeadMicros }: Config): ChangeTime {
  return { now: Date.now() * 1000, lead: ruleLeadMicros };
}
