import type { Micros } from "../../model/time/time";
import { DAY_SECONDS } from "../../model/time/units";
import { firstDatabase } from "../core/databases";
import { messageOf } from "../core/transport-errors";
import { boundDatabases, endEarly, type Maintenance } from "./end-early";
import type { Partition } from "./partition";
import { addCommonCategories } from "./partition-records";
import { MAP_LEAD_MICROS } from "./partition-store";

/** How long before its start a partition is created. */
const MADE_AHEAD_MICROS: Micros = 30 * 60 * 1_000_000;

/** A category becomes common at this share of a partition's events, if the partition has at least this many. */
const COMMON_SHARE = 1 / 24;
const COMMON_FROM_EVENTS = 4_000;

/**
 * The cron's work for partitions, once a minute:
 *
 * - creates the next one ahead of time;
 * - records which categories have become common;
 * - ends the current one early if a database is nearly full, if traffic is far above the plan, or if it needs narrower
 *   slots.
 *
 * Nothing depends on it: a missing partition is created with its first event. Each step fails independently.
 */
export async function maintainPartitions(maintenance: Maintenance, now: Micros): Promise<void> {
  const { partitions, log } = maintenance;
  const failures: string[] = [];
  const attempt = async (step: () => Promise<void>) => {
    try {
      await step();
    } catch (thrown) {
      failures.push(messageOf(thrown));
    }
  };
  await attempt(async () => {
    await partitions.covering([now, now + MADE_AHEAD_MICROS]);
  });
  await attempt(async () => {
    const map = await partitions.latest();
    const current = map.find(now);
    const open = map.partitions.filter(({ state, ready }) => state === "open" && ready);
    // The current one each time, and the others in turn: imports go to coarse ones.
    const inTurn = open[Math.floor(now / 60_000_000) % Math.max(1, open.length)];
    for (const partition of new Set([current, inTurn])) {
      if (partition === null || partition === undefined) continue;
      await attempt(() => noteCommonCategories(maintenance, partition, now));
    }
    // Also if the categories could not be read: an unreachable database is a reason to end a partition early.
    if (current !== null && current.state === "open") await attempt(() => endEarly(maintenance, map, current, now));
  });
  if (failures.length > 0) log({ log: "partitions", failures });
}

interface CategoryCount {
  category: string;
  events: number;
}

/** Reads the counts of the partition's last day by the hour, or of all its days if it is coarse. */
async function noteCommonCategories({ databases }: Maintenance, partition: Partition, now: Micros): Promise<void> {
  const from = Math.floor(partition.from / 1_000_000);
  const to = Math.ceil(Math.min(partition.to, now) / 1_000_000);
  const isCurrent = partition.to > now;
  const range = isCurrent
    ? { seconds: 3_600, first: Math.max(from, Math.floor(now / 3_600_000_000) * 3_600 - DAY_SECONDS), last: to }
    : { seconds: DAY_SECONDS, first: Math.floor(from / DAY_SECONDS) * DAY_SECONDS, last: to };
  const counts = new Map<string, number>();
  for (const { binding } of boundDatabases(databases, partition)) {
    const { results } = await binding
      .prepare(COUNT_BY_CATEGORY)
      .bind(range.seconds, range.first, range.last)
      .all<CategoryCount>();
    for (const { category, events } of results) counts.set(category, (counts.get(category) ?? 0) + events);
  }
  const total = [...counts.values()].reduce((sum, events) => sum + events, 0);
  if (total < COMMON_FROM_EVENTS) return;
  const common = [...counts].flatMap(([category, events]) =>
    events >= total * COMMON_SHARE && !partition.common.has(category) ? [category] : [],
  );
  if (common.length === 0) return;
  // Every consumer must know it before it applies: a reader that still uses the index would miss an event that is
  // not in it.
  await addCommonCategories(firstDatabase(databases), partition, common, now + MAP_LEAD_MICROS);
}

const COUNT_BY_CATEGORY = `
SELECT categories.category AS category, sum(aggregate.value) AS events
FROM (SELECT DISTINCT series_id / 256 AS page FROM series) AS pages
CROSS JOIN counts CROSS JOIN json_each(counts.by_series) AS aggregate
CROSS JOIN series CROSS JOIN categories
WHERE counts.seconds = ?1 AND counts.page = pages.page AND counts.bucket BETWEEN ?2 AND ?3
  AND series.series_id = CAST(aggregate.key AS INTEGER) AND categories.category_id = series.category_id
GROUP BY categories.category_id`;
