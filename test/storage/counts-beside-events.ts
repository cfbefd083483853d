import { expect } from "vitest";
import type { Database } from "../../src/storage/core/databases";

interface StoredEvent {
  series_id: number;
  occurred_at: number;
}

interface CountRow {
  name: string;
  bucket: number;
  page: number;
  events: number;
  by_series: string;
}

/**
 * What a database counts, and what it should count according to its events: for each hour, day and minute, by
 * dimension key and in total, and the hours in which a key has events. Late lanes are not counted.
 */
export async function countsBesideEvents({ binding }: Database): Promise<{ counted: string[]; expected: string[] }> {
  const rowsOf = async <Row>(sql: string) => (await binding.prepare(sql).all<Row>()).results;
  const tables = await rowsOf<{ name: string }>("SELECT name FROM sqlite_master WHERE name GLOB 'events_[0-9]*'");
  const lanes = tables.map(({ name }) => name.slice("events_".length)).filter((suffix) => /^\d+[sl]?$/.test(suffix));

  const expected = new Map<string, number>();
  const add = (line: string) => expected.set(line, (expected.get(line) ?? 0) + 1);
  const hours = new Set<string>();
  const counted = await rowsOf<CountRow>(
    "SELECT 'counts ' || seconds AS name, bucket, page, events, by_series FROM counts",
  );
  for (const lane of lanes) {
    const minutes = `SELECT 'minutes ${lane}' AS name, minute AS bucket, page, events, by_series FROM minutes_${lane}`;
    counted.push(...(await rowsOf<CountRow>(minutes)));
    if (lane.endsWith("l")) continue;
    for (const event of await rowsOf<StoredEvent>(`SELECT series_id, occurred_at FROM events_${lane}`)) {
      const start = (seconds: number) => Math.floor(event.occurred_at / 1_000_000 / seconds) * seconds;
      const page = Math.floor(event.series_id / 256);
      for (const [name, bucket] of [
        [`minutes ${lane}`, start(60)],
        ["counts 3600", start(3_600)],
        ["counts 86400", start(86_400)],
      ] as const) {
        add(`${name} ${bucket} page ${page}`);
        add(`${name} ${bucket} series ${event.series_id}`);
      }
      hours.add(`hour ${event.series_id} ${start(3_600)}`);
    }
  }
  const lines = counted.flatMap(({ name, bucket, page, events, by_series }) => {
    const bySeries: Record<string, number> = JSON.parse(by_series);
    const series = Object.entries(bySeries).map(([id, own]) => `${name} ${bucket} series ${id}: ${own}`);
    return [`${name} ${bucket} page ${page}: ${events}`, ...series];
  });
  const seriesHours = await rowsOf<{ series_id: number; hour: number }>("SELECT series_id, hour FROM series_hours");
  return {
    counted: [...lines, ...seriesHours.map(({ series_id, hour }) => `hour ${series_id} ${hour}`)].toSorted(),
    expected: [...[...expected].map(([line, events]) => `${line}: ${events}`), ...hours].toSorted(),
  };
}

/** Expects that the counts of all databases are those of their events. */
export async function expectExactCounts(databases: readonly Database[]): Promise<void> {
  for (const database of databases) {
    const { counted, expected } = await countsBesideEvents(database);
    expect(counted).toEqual(expected);
  }
}
