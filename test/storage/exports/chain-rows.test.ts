import { beforeEach, expect, it } from "vitest";
import { scanChains, scanEvents } from "../../../src/storage/events/scan-statements";
import { readChain } from "../../../src/storage/exports/chain-rows";
import type { EventRange } from "../../../src/storage/scan/event-order";
import { chainsOf } from "../../../src/storage/scan/lane-chains";
import { timeTerm } from "../../../src/storage/scan/scan-terms";
import { databases, emptyEverything } from "../../compaction/harness";
import { eventRow, MINUTE, MORNING, partitionsOf, store } from "../seed";

beforeEach(emptyEverything);

const EVERYTHING: EventRange = { order: "asc", from: null, to: null, after: null };
const WIDTH = 15 * MINUTE;

const ROWS = Array.from({ length: 200 }, (_, n) =>
  eventRow({
    session: n % 3 === 0 ? crypto.randomUUID() : `session-${n % 17}`,
    id: n % 2 === 0 ? crypto.randomUUID() : `event ${n} ☃`,
    occurredAt: MORNING + Math.floor(n / 3) * MINUTE,
    data: JSON.stringify({ n, text: "é".repeat(n % 20 === 0 ? 700 : 1) }),
    context: n % 4 === 0 ? '{"sdk":"x"}' : null,
    extra: n % 5 === 0 ? '{"more":null}' : null,
    visitor: n % 6 === 0 ? "visitor" : null,
  }),
);

async function chains() {
  await store(databases, { events: ROWS }, WIDTH);
  return chainsOf(databases, (await partitionsOf(databases, WIDTH).latest()).partitions);
}

it("reads the same events as a scan for a page", async () => {
  for (const chain of await chains()) {
    const scans = scanChains([chain], (lane) => timeTerm(lane, EVERYTHING));
    const [scanned] = await scanEvents(scans, 1_000, undefined, 100_000);
    expect(await readChain(chain, EVERYTHING, 1_000, 100_000)).toEqual(scanned?.rows);
  }
});

it("leaves out contents that are too long in bytes, and tells how long they are", async () => {
  for (const chain of await chains()) {
    for (const { data, context, size } of await readChain(chain, EVERYTHING, 1_000, 1_000)) {
      expect(data === null).toBe(size > 1_000);
      if (data === null) expect(context).toBeNull();
    }
  }
});

it("returns the first events of all lanes of the chain, up to a number", async () => {
  for (const chain of await chains()) {
    const all = await readChain(chain, EVERYTHING, 1_000, 1_000);
    expect(await readChain(chain, EVERYTHING, 17, 1_000)).toEqual(all.slice(0, 17));
    const [after] = all.slice(9, 10);
    if (after === undefined) continue;
    expect(await readChain(chain, { ...EVERYTHING, after: after.key }, 1_000, 1_000)).toEqual(all.slice(10));
  }
});
