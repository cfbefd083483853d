import { env } from "cloudflare:workers";
import { beforeEach, expect, it } from "vitest";
import { databasesOf, firstDatabase } from "../../../src/storage/core/databases";
import { nextErrors } from "../../../src/storage/erasures/next-errors";
import { emptyDatabases } from "../empty-databases";
import { errorRow, MORNING, store } from "../seed";

const databases = databasesOf(env);
const first = firstDatabase(databases);

beforeEach(() => emptyDatabases(databases));

const belonging = (changes: object) => ({ session: null, visitor: null, receivedAt: MORNING, ...changes });

it("returns what each error belongs to", async () => {
  const parts = ['{"visitor_id":"visi', 'tor-b"}'].map((content, part) => ({
    ...{ session: null, errorId: "b", part, content },
  }));
  await store([first], {
    errors: [
      errorRow({ id: "a", session: "s", content: '{"visitor_id":"visitor-a"}' }),
      errorRow({ id: "b", session: null, content: null, parts: 2 }),
      errorRow({ id: "c", session: null, content: '{"visitor_id":17}' }),
      errorRow({ id: "d", session: null, content: 'no JSON, "visitor_id"' }),
      errorRow({ id: "e", session: "s", content: "{}" }),
    ],
    parts,
  });
  await first.binding.prepare("UPDATE errors SET resolved_session = 'resolved' WHERE id = 'e'").run();
  const { found, next } = await nextErrors(first, null);
  expect(next).toBeNull();
  expect(found.map(({ key }) => key)).toEqual(["a", "b", "c", "d", "e"].map((id) => ({ receivedAt: MORNING, id })));
  expect(found.map(({ belongings }) => belongings)).toEqual([
    [belonging({ session: "s", visitor: "visitor-a", error: "a" })],
    [belonging({ visitor: "visitor-b", error: "b" })],
    [belonging({ visitor: "17", error: "c" })],
    [belonging({ error: "d" })],
    [belonging({ session: "s", error: "e" }), belonging({ session: "resolved", error: null })],
  ]);
});

it("returns 100 errors at a time, in the order of receipt", async () => {
  const errors = Array.from({ length: 101 }, (_, n) => errorRow({ receivedAt: MORNING + n }));
  await store([first], { errors: errors.toReversed() });
  const page = await nextErrors(first, null);
  expect(page.found.map(({ key }) => key.id)).toEqual(errors.slice(0, 100).map(({ id }) => id));
  expect(page.next).toEqual({ receivedAt: MORNING + 99, id: errors[99]?.id });
  const rest = await nextErrors(first, page.next);
  expect([rest.found.map(({ key }) => key.id), rest.next]).toEqual([[errors[100]?.id], null]);
});
