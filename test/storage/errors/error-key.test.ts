import { env } from "cloudflare:workers";
import { expect, it } from "vitest";
import { compareErrorKeys, type ErrorKey } from "../../../src/storage/errors/error-key";

const KEYS: ErrorKey[] = [
  { receivedAt: 2, id: "a" },
  { receivedAt: 1, id: "b" },
  { receivedAt: 1, id: "B" },
  { receivedAt: 1, id: "" },
  { receivedAt: 1, id: "b1" },
  { receivedAt: 1, id: "b" },
];

it("orders errors as the database does: by receipt, then by id", async () => {
  const { results } = await env.DB.prepare(
    `SELECT value ->> 'receivedAt' AS receivedAt, value ->> 'id' AS id FROM json_each(?1)
     ORDER BY value ->> 'receivedAt', value ->> 'id'`,
  )
    .bind(JSON.stringify(KEYS))
    .all<ErrorKey>();
  expect(KEYS.toSorted(compareErrorKeys)).toEqual(results);
});
