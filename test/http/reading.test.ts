import { env } from "cloudflare:workers";
import { sql } from "drizzle-orm";
import { describe, expect, it } from "vitest";
import { answerFrom } from "../../src/http/reading";
import { ArchiveFileGone } from "../../src/storage/archive/archive-bucket";
import { databasesOf } from "../../src/storage/core/databases";
import { orQueryError, readerOf } from "../../src/storage/core/reader";

describe("answerFrom", () => {
  it("answers unavailable without repeating the query if a database fails", async () => {
    const response = await answerFrom(async () => {
      const [database] = databasesOf(env).slice(0, 1);
      if (database !== undefined) await readerOf(database).all(sql`SELECT ${"secret"} FROM no_such_table`);
      return new Response();
    });
    expect(response.status).toBe(503);
    expect(response.headers.has("Retry-After")).toBe(true);
    expect(await response.text()).not.toMatch(/secret|no_such_table/);
  });

  it("says what to do if an object of the archive is missing", async () => {
    const response = await answerFrom(() => orQueryError(Promise.reject(new ArchiveFileGone("x")), "the archive"));
    expect(await response.json()).toMatchObject({
      code: "unavailable",
      detail: expect.stringContaining("storage/missing"),
    });
  });

  it("rethrows other errors, since a retry would not fix them", async () => {
    await expect(answerFrom(() => Promise.reject(new TypeError("a bug")))).rejects.toThrow("a bug");
  });
});
