import { env, exports } from "cloudflare:workers";
import { beforeEach, expect, it, vi } from "vitest";
import { type Database, databasesOf } from "../../src/storage/core/databases";
import { sealPartition } from "../../src/storage/partitions/partition-lifecycle";
import { seedLocalKeys } from "../http/auth/seed";
import { emptyDatabases } from "../storage/empty-databases";
import { changedDatabase } from "../storage/failing-database";
import { eventRow, MORNING, partitionsOf, SECOND, store } from "../storage/seed";

const databases = databasesOf(env);
const EVENTS = 30;

/** Some 130 requests. */
vi.setConfig({ testTimeout: 120_000 });

beforeEach(async () => {
  await emptyDatabases(databases);
  await seedLocalKeys();
});

/** Databases of which only so many batches succeed: the compactor ends there. */
function stoppingAfter(successes: number): Database[] {
  let left = successes;
  return databases.map((database) =>
    changedDatabase(database, {
      batch: (statements) => {
        left -= 1;
        return left < 0 ? Promise.reject(new Error("the compactor stopped")) : database.binding.batch(statements);
      },
    }),
  );
}

async function ask(path: string): Promise<string> {
  const response = await exports.default.fetch(`https://eye.example${path}`, {
    headers: { Authorization: "Bearer eye_r_local" },
  });
  const text = await response.text();
  expect(response.status, `${path}: ${text}`).toBe(200);
  return text;
}

const DAY = "start_date=2021-01-01&end_date=2021-01-01";

it("answers every question while the compactor stands between the renames of two databases", async () => {
  const events = Array.from({ length: EVENTS }, (_, n) =>
    eventRow({ session: `session-${n % 9}`, id: `event-${n}`, visitor: "visitor", occurredAt: MORNING + n * SECOND }),
  );
  await store(databases, { events });
  const partition = (await partitionsOf(databases).latest()).find(MORNING);
  if (partition === null) throw new Error("no partition covers the morning");
  let interrupted = 0;
  for (let successes = 0; ; successes++) {
    const isDone = await sealPartition(stoppingAfter(successes), partition).then(
      () => true,
      () => false,
    );
    if (isDone) break;
    const renamed = await Promise.all(
      databases.map(({ binding }) =>
        binding.prepare("SELECT 1 FROM sqlite_master WHERE name = ?1").bind(`events_${partition.id}s`).first(),
      ),
    );
    if (renamed.some((one) => one !== null)) interrupted += 1;
    expect(JSON.parse(await ask(`/theeye/events?limit=1000&${DAY}`)).results).toHaveLength(EVENTS);
    expect(JSON.parse(await ask("/theeye/sessions")).results).toHaveLength(9);
    for (let n = 0; n < 9; n++) expect(await ask(`/theeye/sessions/session-${n}`)).toContain(`"event-${n}"`);
    expect(JSON.parse(await ask("/theeye/visitors/visitor")).results).toHaveLength(9);
    expect(await ask("/theeye/receipts?session_id=session-1&id=event-1")).toContain("stored");
    expect(
      await ask(`/theeye/stats?interval=minute&start_date=2021-01-01T09:00:00Z&end_date=2021-01-01T09:59:59Z`),
    ).toContain(`${EVENTS}`);
    expect(await ask(`/theeye/exports?${DAY}`)).toContain(`"events":${EVENTS}`);
    expect(await ask(`/theeye/stats?metric=sessions&interval=none&${DAY}`)).toContain("9");
  }
  expect(interrupted).toBeGreaterThan(1);
});
