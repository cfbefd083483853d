import { env } from "cloudflare:workers";
import { expect, it } from "vitest";
import { eventRow, MINUTE, MORNING, store } from "./seed";

async function all(sql: string): Promise<unknown[]> {
  return (await env.DB.prepare(sql).all()).results;
}

const contents = async () => ({
  counts: await all("SELECT seconds, page, bucket, events FROM counts ORDER BY 1, 2, 3"),
  cells: await all("SELECT seconds, bucket, key, value FROM counts, json_each(by_series) ORDER BY 1, 2, 3"),
  minutes: await all("SELECT * FROM series_minutes ORDER BY 1, 2"),
});

async function migrate(name: string): Promise<void> {
  const migration = env.TEST_MIGRATIONS.find((one) => one.name.startsWith(name));
  if (migration === undefined) throw new Error(`There is no migration ${name}.`);
  for (const query of migration.queries) await env.DB.prepare(query).run();
}

it("counts of a row a series become those that a batch writes, on several pages", async () => {
  const events = Array.from({ length: 1_000 }, (_, n) =>
    eventRow({ name: `name ${(n * n) % 300}`, occurredAt: MORNING + (n % 90) * MINUTE }),
  );
  await store([{ index: 0, binding: env.DB }], { events });
  const written = await contents();
  await env.DB.batch(["counts", "series_minutes"].map((table) => env.DB.prepare(`DROP TABLE ${table}`)));
  await migrate("0003");
  for (const seconds of [60, 3_600, 86_400]) {
    await env.DB.prepare(
      `INSERT INTO counts SELECT ?1, series_id, occurred_at / 1000000 / ${seconds} * ${seconds} AS bucket, count(*)
       FROM events GROUP BY series_id, bucket`,
    )
      .bind(seconds)
      .run();
  }
  await migrate("0012");
  expect(await contents()).toEqual(written);
});
