import { env } from "cloudflare:workers";
import { beforeEach, expect, it } from "vitest";
import { databasesOf, firstDatabase } from "../../../../src/storage/core/databases";
import {
  comparePlaces,
  nextPlaces,
  recordPlaces,
  removePlaces,
} from "../../../../src/storage/erasures/scrub/erased-places";
import { emptyDatabases } from "../../empty-databases";

const databases = databasesOf(env);
const first = firstDatabase(databases);
const { binding } = first;

beforeEach(() => emptyDatabases(databases));

it("places are recorded once, and read table by table in the order of the key", async () => {
  expect(await nextPlaces(first)).toBeNull();
  const places = [
    [20, 3],
    [3, 100],
    [3, 20],
    [20, 3],
  ];
  await recordPlaces(binding, "events_2", places).run();
  await recordPlaces(binding, "events_2", places).run();
  await recordPlaces(binding, "errors", [[7]]).run();
  expect(await nextPlaces(first)).toEqual({ table: "errors", places: [[7]] });
  await removePlaces(binding, "errors").run();
  expect(await nextPlaces(first)).toEqual({
    table: "events_2",
    places: [
      [3, 20],
      [3, 100],
      [20, 3],
    ],
  });
  await removePlaces(binding, "events_2", [[3, 100]]).run();
  expect((await nextPlaces(first))?.places).toEqual([
    [3, 20],
    [20, 3],
  ]);
});

it.each([
  [[1, 5], [1, 5], 0],
  [[1, 5], [1, 6], -1],
  [[2, 5], [1, 6], 1],
  [["a"], ["b"], -1],
])("compares %j with %j", (a, b, expected) => {
  expect(comparePlaces(a, b)).toBe(expected);
});
