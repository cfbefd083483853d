import { sql } from "drizzle-orm";
import { beforeAll, expect, it } from "vitest";
import { packId } from "../../../src/storage/core/packed-id";
import { databaseOf } from "../../../src/storage/partitions/partition";
import { sampleKeyOf } from "../../../src/storage/partitions/sample-key";
import { readAll } from "../../../src/storage/scan/lane-chains";
import { eventsOfWanted, sessionStatements } from "../../../src/storage/sessions/wanted-sessions";
import { MINUTE } from "../seed";
import { at, databases, emptySessions, storeSessions, withMap } from "./morning-sessions";

const UUID = "e2085be5-9137-4e4e-80b5-f1ffddc25423";
const SESSIONS = [UUID, "a", "b", "c", "d"];

beforeAll(async () => {
  await emptySessions();
  await storeSessions({ a: [0, 61, 121] });
});

it("looks up each session in its own database, in all lanes of the range", async () => {
  const range = { order: "asc" as const, from: at(61), to: null, after: null };
  const found = await withMap(async (map) => {
    const [partition] = map.partitions;
    const statements = sessionStatements(databases, map, range, SESSIONS, (lane, wanted) => {
      const suffix = sql.raw(`'${lane.suffix}'`);
      return sql`SELECT wanted.packed AS packed, wanted.sample_key AS sampleKey, ${suffix} AS suffix FROM ${wanted}`;
    });
    expect(new Set(statements.map(({ database }) => database)).size).toBe(
      new Set(SESSIONS.map((session) => (partition === undefined ? 0 : databaseOf(partition, session)))).size,
    );
    return readAll<{ packed: string; sampleKey: number; suffix: string }>(statements);
  });
  const lanes = new Set(found.flat().map(({ suffix }) => suffix));
  expect(lanes.size).toBe(2);
  const expected = [...lanes].flatMap((suffix) =>
    SESSIONS.map((session) => ({ packed: packId(session), sampleKey: sampleKeyOf(session), suffix })),
  );
  expect(found.flat()).toHaveLength(expected.length);
  expect(found.flat()).toEqual(expect.arrayContaining(expected));
});

it("reads the events of each session in the range that were received before the scan began", async () => {
  await storeSessions({ b: [5] });
  await storeSessions({ b: [6] }, { receivedAt: at(900) });
  const timesIn = async (from: number, to: number, asOf: number) => {
    const range = { order: "asc" as const, from: at(from), to: at(to), after: null };
    const found = await withMap((map) =>
      readAll<{ session: string; moment: number }>(
        sessionStatements(
          databases,
          map,
          range,
          SESSIONS,
          (lane, wanted) => sql`SELECT wanted.packed AS session, e.occurred_at AS moment
            FROM ${wanted} CROSS JOIN ${eventsOfWanted(lane, range, at(asOf))}`,
        ),
      ),
    );
    return found
      .flat()
      .map(({ session, moment }) => [SESSIONS.find((one) => packId(one) === session), (moment - at(0)) / MINUTE])
      .sort();
  };
  const a = [0, 61, 121].map((minute) => ["a", minute]);
  expect(await timesIn(0, 200, 500)).toEqual([...a, ["b", 5]].sort());
  expect(await timesIn(1, 61, 1_000)).toEqual([
    ["a", 61],
    ["b", 5],
    ["b", 6],
  ]);
});

it("makes no statement without sessions", async () => {
  const range = { order: "asc" as const, from: null, to: null, after: null };
  expect(await withMap(async (map) => sessionStatements(databases, map, range, [], () => sql`SELECT 1`))).toEqual([]);
});
