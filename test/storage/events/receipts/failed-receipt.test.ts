import { env } from "cloudflare:workers";
import { expect, it } from "vitest";
import { databasesOf } from "../../../../src/storage/core/databases";
import { findFailures } from "../../../../src/storage/events/receipts/failed-receipt";
import { errorRow, HOUR, MORNING, store } from "../../seed";

const databases = databasesOf(env);
const write = (rows: Parameters<typeof store>[1]) => store(databases, rows, HOUR);

it("finds the errors of an event in all databases, and only those of the given application", async () => {
  const errors = Array.from({ length: 6 }, (_, n) =>
    errorRow({ session: null, eventId: "mine", receivedAt: MORNING + n, application: n % 2 === 0 ? "shop" : "blog" }),
  );
  // Errors without a session are spread over the databases. The query is by session.
  await write({ errors });
  for (const { binding } of databases) await binding.prepare("UPDATE errors SET session_id = 'failing'").run();
  const question = { session: "failing", id: "mine", applications: null };
  const found = await findFailures(databases, question);
  expect(found.map(({ receivedAt }) => receivedAt)).toEqual([5, 4, 3, 2, 1, 0].map((n) => MORNING + n));
  const own = await findFailures(databases, { ...question, applications: ["blog"] });
  expect(own.map(({ receivedAt }) => receivedAt)).toEqual([5, 3, 1].map((n) => MORNING + n));
  expect(await findFailures(databases, { ...question, id: "other" })).toEqual([]);
});
