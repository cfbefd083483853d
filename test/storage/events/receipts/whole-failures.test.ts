import { env } from "cloudflare:workers";
import { beforeAll, expect, it } from "vitest";
import { findAllFailures } from "../../../../src/storage/events/receipts/whole-failures";
import { compactAll, databases, emptyEverything, ioWith, MOVING_ERRORS } from "../../../compaction/harness";
import { errorRow, HOUR, MORNING, store } from "../../seed";

const error = (id: string, hour: number, eventId = "event") =>
  errorRow({
    id,
    session: "s",
    eventId,
    receivedAt: MORNING + hour * HOUR,
    application: id === "blog" ? "blog" : "shop",
  });
const QUESTION = { session: "s", id: "event", applications: null };

/** Two errors of the event are in the archive; one of them was delivered again, and one came later. */
beforeAll(async () => {
  await emptyEverything();
  await store(databases, { errors: [error("old", 0), error("blog", 1), error("other", 1, "other event")] });
  await compactAll(ioWith({ settings: MOVING_ERRORS }));
  await store(databases, { errors: [error("old", 0), error("new", 2)] });
});

it("finds the errors of an event in the databases and the archive once each, newest first", async () => {
  const found = await findAllFailures(databases, QUESTION, env.ARCHIVE);
  expect(found.map(({ errorId }) => errorId)).toEqual(["new", "blog", "old"]);
});

it("finds only those of the wanted applications", async () => {
  const found = await findAllFailures(databases, { ...QUESTION, applications: ["blog"] }, env.ARCHIVE);
  expect(found.map(({ errorId }) => errorId)).toEqual(["blog"]);
});

it("finds those of the databases without an archive", async () => {
  const found = await findAllFailures(databases, QUESTION, null);
  expect(found.map(({ errorId }) => errorId)).toEqual(["new", "old"]);
});
