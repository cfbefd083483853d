import { env } from "cloudflare:workers";
import { tieOf } from "../../../src/model/event/event-key";
import type { ArchiveFile } from "../../../src/storage/archive/file/archive-file";
import { ReadBudget, readFooter, readGroups, runOf } from "../../../src/storage/archive/file/file-reader";
import { filesByHour } from "../../../src/storage/archive/manifest";
import { allEvents } from "../../../src/storage/archive/read-events";
import { type Database, firstDatabase } from "../../../src/storage/core/databases";
import { isRare, type Partition, slotOf } from "../../../src/storage/partitions/partition";
import { sampleKeyOf } from "../../../src/storage/partitions/sample-key";
import type { EventFound, LaneTables, Tables } from "../world/tables";

/** What files hold, which never changes: files are named by their contents. */
const contents = new Map<string, EventFound[]>();

/** All files of the manifest. */
export function archiveFiles(databases: readonly Database[]): Promise<ArchiveFile[]> {
  return filesByHour(firstDatabase(databases), {
    ...{ kind: "events", partitions: null, first: 0, last: Number.MAX_SAFE_INTEGER, order: "asc", limit: 100_000 },
  });
}

/**
 * The tables, with the files of the archive in place of those of partitions that have moved there. Late events that a file holds
 * and that are not counted yet are left to the late lane.
 */
export async function withArchive(
  databases: readonly Database[],
  tables: Tables,
  partitions: readonly Partition[],
): Promise<Tables> {
  const byId = new Map(partitions.map((partition) => [partition.id, partition]));
  const isCold = (id: number) => ["archived", "dropped"].includes(byId.get(id)?.state ?? "");
  const finished = await finishedFiles(databases);
  const lanes: LaneTables[] = [];
  for (const file of await archiveFiles(databases)) {
    const partition = byId.get(file.partition);
    const isCounted = file.finished || finished.has(`${file.database} ${file.id}`);
    if (partition === undefined || !isCold(file.partition) || !isCounted) continue;
    lanes.push({
      ...{
        database: file.database,
        partition: file.partition,
        kind: "archived",
        events: await eventsOf(file, partition),
      },
      ...{ activity: [], visits: [], minutes: { bySeries: new Map(), sums: new Map() } },
    });
  }
  const hot = tables.lanes.filter(({ partition, kind }) => kind === "late" || !isCold(partition));
  return { ...tables, lanes: [...hot, ...lanes] };
}

async function finishedFiles(databases: readonly Database[]): Promise<Set<string>> {
  const found = await Promise.all(
    databases.map(async ({ index, binding }) => {
      const { results } = await binding.prepare("SELECT file_id AS id FROM archive_finished").all<{ id: number }>();
      return results.map(({ id }) => `${index} ${id}`);
    }),
  );
  return new Set(found.flat());
}

async function eventsOf(file: ArchiveFile, partition: Partition): Promise<EventFound[]> {
  const known = contents.get(`${file.key} ${partition.id}`);
  if (known !== undefined) return known;
  const budget = new ReadBudget(1_000);
  const footer = await readFooter(env.ARCHIVE, file, budget);
  const events: EventFound[] = [];
  for (let left = footer.groups; left.length > 0; ) {
    const run = runOf(left);
    left = left.slice(run.length);
    for (const columns of await readGroups(env.ARCHIVE, file, footer, run, budget)) {
      for (const event of await allEvents(columns)) {
        events.push({
          ...event,
          ...{ database: file.database, slot: slotOf(event.occurredAt, partition), tie: tieOf(event.id) },
          sampleKey: sampleKeyOf(event.session),
          isRare: isRare(partition, event.category, event.receivedAt),
        });
      }
    }
  }
  contents.set(`${file.key} ${partition.id}`, events);
  return events;
}
