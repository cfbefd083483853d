import { reset } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { beforeEach, describe, expect, it } from "vitest";
import { EVENT_CODE_NAMES } from "../../../src/model/codes";
import { databasesOf } from "../../../src/storage/core/databases";
import { CODE_BITS, codeBits } from "../../../src/storage/core/error-codes";
import { findErrors } from "../../../src/storage/errors/error-queries";
import type { ErrorQuestion } from "../../../src/storage/errors/scan-errors";
import { migrate } from "../../migrate";
import { planOf, watch } from "../watched-database";

const databases = databasesOf(env).slice(0, 1);

const everything: ErrorQuestion = {
  ...{ status: null, code: null, session: null, category: null, name: null, applications: null },
  ...{ from: null, to: null, order: "desc", limit: 100, after: null },
};

beforeEach(async () => {
  await reset();
  await migrate();
});

describe("code bits", () => {
  it("are distinct", () => {
    expect(Object.keys(CODE_BITS).sort()).toEqual(EVENT_CODE_NAMES.toSorted());
    const bits = Object.values(CODE_BITS);
    expect(new Set(bits).size).toBe(bits.length);
    for (const bit of bits) expect(Math.log2(bit) % 1).toBe(0);
  });

  it("match the indexes of the migrations", async () => {
    const { results } = await env.DB.prepare(
      "SELECT name, sql FROM sqlite_master WHERE type = 'index' AND name LIKE 'errors_with_%' ORDER BY name",
    ).all();
    const expected = Object.entries(CODE_BITS).map(([code, bit]) => ({
      name: `errors_with_${code}`,
      sql: `CREATE INDEX errors_with_${code} ON errors (received_at, id, codes) WHERE codes & ${bit} <> 0`,
    }));
    expect(results).toEqual(expected.sort((a, b) => (a.name < b.name ? -1 : 1)));
  });

  it("include each code once, however many issues have it", () => {
    const issue = { path: "", message: "m" };
    expect(codeBits([])).toBe(0);
    expect(
      codeBits([
        { code: "data_invalid", ...issue },
        { code: "name_invalid", ...issue },
        { code: "data_invalid", ...issue },
      ]),
    ).toBe(CODE_BITS.data_invalid + CODE_BITS.name_invalid);
  });

  it.each(EVENT_CODE_NAMES)("make a list by %s use its index", async (code) => {
    const [home] = databases;
    if (home === undefined) throw new Error("There is no database.");
    for (const order of ["asc", "desc"] as const) {
      const { database, queries } = watch(home);
      await findErrors([database], { ...everything, code, order });
      const plans = await Promise.all(queries.map((query) => planOf(home, query)));
      expect(plans).toEqual([[`SCAN errors USING INDEX errors_with_${code}`]]);
    }
  });
});
