import type { Period } from "../../model/time/calendar";
import { MINUTE_MICROS } from "../../model/time/units";
import type { Database } from "../core/databases";
import type { SeriesFilter } from "../counts/series";
import { type WantedSeries, wantedSeries } from "../events/wanted-series";
import type { PartitionMap } from "../partitions/partition-map";
import { countStats } from "./count-stats";
import { isRareIn } from "./tuples/read-tuples";

const NO_FILTER: SeriesFilter = { category: null, name: null, applications: null };

/**
 * The number of events that reading a period examines, by the counts. Only those of a category if it is rare in all
 * partitions of the period, because then only the index of rare categories is read.
 *
 * @param known the dimension keys of each database that match the filter, if they have been read
 * @throws DrizzleQueryError
 */
export async function eventsToExamine(
  databases: readonly Database[],
  map: PartitionMap,
  { start, end }: Period,
  filter: SeriesFilter,
  known?: readonly WantedSeries[],
): Promise<number> {
  const bounds = [Math.floor(start / MINUTE_MICROS) * MINUTE_MICROS, Math.ceil(end / MINUTE_MICROS) * MINUTE_MICROS];
  const partitions = map.overlapping(start, end - 1);
  const sums = await Promise.all(
    databases.map(async (database, place) => {
      const wanted = known?.[place] ?? (await wantedSeries(database, filter));
      if (wanted.ids.length === 0) return 0;
      const isRare = partitions.every((partition) => isRareIn(partition, wanted));
      const examined = isRare ? { ...NO_FILTER, category: wanted.category?.category ?? null } : NO_FILTER;
      const { total } = await countStats([database], map, { filter: examined, groupBy: [], bounds }, { top: 1 });
      return total.total ?? 0;
    }),
  );
  return sums.reduce((sum, events) => sum + events, 0);
}
