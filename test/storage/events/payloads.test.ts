import { env } from "cloudflare:workers";
import { beforeEach, expect, it } from "vitest";
import { databasesOf } from "../../../src/storage/core/databases";
import { unpackId } from "../../../src/storage/core/packed-id";
import { loadPayloads } from "../../../src/storage/events/payloads";
import { scanChains, scanEvents } from "../../../src/storage/events/scan-statements";
import { timeTerm } from "../../../src/storage/scan/scan-terms";
import { emptyDatabases } from "../empty-databases";
import { eventRow, HOUR, MORNING, store } from "../seed";
import { chainsOver, rangeOf } from "./scan-of";

const databases = databasesOf(env);

beforeEach(() => emptyDatabases(databases));

it("each event has its own contents, from any partition and database", async () => {
  const events = Array.from({ length: 30 }, (_, n) =>
    eventRow({
      ...{ id: `e${n}`, session: n % 2 === 0 ? `s${n}` : crypto.randomUUID(), occurredAt: MORNING + n * HOUR },
      ...{ data: JSON.stringify({ n }), context: n % 3 === 0 ? `{"of":${n}}` : null },
      extra: n % 5 === 0 ? "{}" : null,
    }),
  );
  await store(databases, { events }, 4 * HOUR);
  const chains = scanChains(await chainsOver(databases), (lane) => timeTerm(lane, rangeOf("asc")));
  const scanned = (await scanEvents(chains, 100, undefined, 0)).flatMap(({ rows }) => rows);
  expect(scanned).toHaveLength(30);
  const contents = await loadPayloads(scanned);
  const found = new Map(scanned.map((event) => [unpackId(event.id), contents.get(event)]));
  for (const { id, data, context, extra } of events) expect(found.get(id)).toEqual({ data, context, extra });
});

it("no query is made if there are no events", async () => {
  expect(await loadPayloads([])).toEqual(new Map());
});
