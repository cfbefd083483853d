import type { Micros } from "../../../src/model/time/time";
import type { Database } from "../../../src/storage/core/databases";
import { readRemainders, recordRemainder } from "../../../src/storage/erasures/scrub/erased-remainders";
import type { Partition } from "../../../src/storage/partitions/partition";

/** Records for all tables of events that copies of erased rows may remain in them, as if they were large. */
export async function recordRemainders(databases: readonly Database[], now: Micros): Promise<void> {
  for (const { binding } of databases) {
    const { results } = await binding
      .prepare("SELECT name FROM sqlite_master WHERE type = 'table' AND name GLOB 'events_[0-9]*'")
      .all<{ name: string }>();
    if (results.length > 0) await binding.batch(results.map(({ name }) => recordRemainder(binding, name, now)));
  }
}

/** What is left of them once every partition was dropped, but those whose tables were never complete. */
export async function remainderProblems(
  databases: readonly Database[],
  partitions: readonly Partition[],
): Promise<string[]> {
  const incomplete = new Set(partitions.filter(({ ready }) => !ready).map(({ id }) => `events_${id}`));
  const problems: string[] = [];
  for (const database of databases) {
    const left = (await readRemainders(database))
      .filter(({ table }) => !incomplete.has(table))
      .map(({ table }) => `copies of erased rows may remain in ${table}`);
    const space = database.binding.prepare("SELECT 1 FROM free_space WHERE frees > overwritten");
    const isDirty = (await space.first()) !== null;
    problems.push(...left, ...(isDirty ? [`the free pages of database ${database.index} are not overwritten`] : []));
  }
  return problems;
}
