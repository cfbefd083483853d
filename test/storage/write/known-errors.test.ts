import { env } from "cloudflare:workers";
import { expect, it } from "vitest";
import { databasesOf } from "../../../src/storage/core/databases";
import { findKnownErrors } from "../../../src/storage/write/known-errors";
import { errorRow, store } from "../seed";

const databases = databasesOf(env);

it("finds the errors that one of the databases holds", async () => {
  const errors = Array.from({ length: 20 }, (_, n) => errorRow({ session: `session-${n}` }));
  await store(databases, { errors });
  const ids = errors.map(({ id }) => id);
  expect(await findKnownErrors(databases, [...ids, "unknown"])).toEqual(new Set(ids));
  expect(await findKnownErrors(databases, ["unknown"])).toEqual(new Set());
  expect(await findKnownErrors(databases, [])).toEqual(new Set());
});
