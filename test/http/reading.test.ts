import { env } from "cloudflare:workers";
import { sql } from "drizzle-orm";
import { describe, expect, it } from "vitest";
import { answerFrom } from "../../src/http/reading";
import { databasesOf } from "../../src/storage/core/databases";
import { readerOf } from "../../src/storage/core/reader";

describe("answerFrom", () => {
  it("answers unavailable, and repeats nothing of the question, when a database refuses", async () => {
    const response = await answerFrom(async () => {
      const [database] = databasesOf(env).slice(0, 1);
      if (database !== undefined) await readerOf(database).all(sql`SELECT ${"secret"} FROM no_such_table`);
      return new Response();
    });
    expect(response.status).toBe(503);
    expect(response.headers.has("Retry-After")).toBe(true);
    expect(await response.text()).not.toMatch(/secret|no_such_table/);
  });

  it("lets what is no failure of a database pass, since trying again would not fix it", async () => {
    await expect(answerFrom(() => Promise.reject(new TypeError("a bug")))).rejects.toThrow("a bug");
  });
});
