import { env } from "cloudflare:workers";
import { beforeEach, expect, it } from "vitest";
import { compactAll, databases, emptyEverything, ioWith, MOVING_ERRORS } from "../../compaction/harness";
import { seedLocalKeys } from "../../http/auth/seed";
import { errorRow, MORNING, SECOND, store } from "../../storage/seed";
import { ask } from "../ask";

beforeEach(async () => {
  await emptyEverything();
  await seedLocalKeys();
  await store(databases, { errors: [errorRow({ id: "archived", receivedAt: MORNING })] });
  await compactAll(ioWith({ settings: MOVING_ERRORS }));
  await store(databases, { errors: [errorRow({ id: "hot", receivedAt: MORNING + 10 * SECOND })] });
});

async function replay(body: unknown, query = ""): Promise<[status: number, text: string]> {
  const bindings = { ...env, REPLAYS: { send: async () => {} } as unknown as Queue };
  const response = await ask(`/theeye/errors/replay${query}`, { method: "POST", body: JSON.stringify(body) }, bindings);
  return [response.status, await response.text()];
}

it.each(["", "?dry_run=1"])("refuses to replay an archived error, and names it (%s)", async (query) => {
  const [status, text] = await replay({ ids: ["hot", "archived", "unknown"] }, query);
  expect([status, JSON.parse(text)]).toMatchObject([409, { code: "archived_errors", ids: ["archived"] }]);
});

it("refuses a filter whose range is in the archive, and says until when", async () => {
  const [status, text] = await replay({ filter: { end_date: "2021-01-01T09:00:00Z" } });
  expect([status, JSON.parse(text)]).toMatchObject([
    409,
    { code: "archived_errors", archived_until: "2021-01-01T09:00:00.000000Z" },
  ]);
});

it("replays the errors in the databases", async () => {
  expect((await replay({ filter: {} }))[0]).toBe(202);
  expect((await replay({ ids: ["hot", "unknown"] }))[0]).toBe(202);
});
