import { env } from "cloudflare:workers";
import { beforeAll, expect, it } from "vitest";
import { insertReplay, loadReplay } from "../../../src/storage/admin/replays";
import { databasesOf, firstDatabase } from "../../../src/storage/core/databases";
import { eraseMentions } from "../../../src/storage/erasures/erase-mentions";
import { emptyDatabases } from "../empty-databases";
import { eventRow, store } from "../seed";

const databases = databasesOf(env);
const first = firstDatabase(databases);

beforeAll(async () => {
  await emptyDatabases(databases);
  const shadow = (path: string) => ({ version: 1, paths: [path] });
  await store(databases, {
    events: [
      eventRow({ session: "erased", id: "event", shadow: shadow("/a") }),
      eventRow({ session: "kept", id: "event", name: "other", shadow: shadow("/b") }),
    ],
  });
  for (const session of ["erased", "kept"]) {
    const filter = { session, application: null, code: null, category: null, name: null, from: null, to: null };
    await insertReplay(first, { id: `of ${session}`, createdAt: 1, selection: { filter }, repair: null });
  }
  await eraseMentions(databases, "erased");
});

it("overwrites the samples of report-only schemas that name the session, and no others", async () => {
  const found = await Promise.all(
    databases.map(({ binding }) =>
      binding
        .prepare("SELECT sample_session, sample_event FROM report_only_failures")
        .all<{ sample_session: string; sample_event: string }>(),
    ),
  );
  // One row for an hour, and one for a day.
  const rows = found.flatMap(({ results }) => results.map((row) => `${row.sample_session} ${row.sample_event}`));
  expect([...new Set(rows)].toSorted()).toEqual(["000000 00000", "kept event"]);
});

it("removes the session from the filters of replays", async () => {
  expect((await loadReplay(first, "of erased"))?.selection).toMatchObject({ filter: { session: "" } });
  expect((await loadReplay(first, "of kept"))?.selection).toMatchObject({ filter: { session: "kept" } });
});
