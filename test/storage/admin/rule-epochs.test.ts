import { env } from "cloudflare:workers";
import { describe, expect, it } from "vitest";
import { listRegistered, listVersions, saveVersion } from "../../../src/storage/admin/event-types";
import { listRuleEpochs, loadRuleBook } from "../../../src/storage/admin/rule-epochs";
import { readRuleSettings, saveRuleSettings } from "../../../src/storage/admin/rule-settings";
import { type Database, databasesOf } from "../../../src/storage/core/databases";
import { rowsReadBy } from "../watched-database";

const [first] = databasesOf(env);
if (first === undefined) throw new Error("There is no database.");
const database: Database = first;

const LEAD = 60_000_000;
const NOW = 1_700_000_000_000_000;
const NOTHING = { description: null, owner: null, mode: "accept", schema: null, schema_mode: "enforce" } as const;

/** Registers a type with a description, or removes it (null). Returns the version and when it comes into force. */
async function change(name: string, description: string | null, now: number, lead = LEAD) {
  const definition = { ...NOTHING, category: "c", name, description, registered: description !== null };
  const { version } = await saveVersion(database, definition, { now, lead });
  return version;
}

const typesAt = async (moment: number) =>
  (await loadRuleBook(database, moment)).types.map(({ name, version }) => `${name} ${version}`);

describe("versions of the rules", () => {
  it("are in force after the lead, until the next version is", async () => {
    const start = NOW;
    const before = (await listRuleEpochs(database, 0)).length;
    const one = await change("a", "one", start);
    expect(one).toMatchObject({ version: 1, changed_at: start, in_force_at: start + LEAD });
    const two = await change("a", "two", start + 10_000_000);
    expect(two.in_force_at).toBe(start + 10_000_000 + LEAD);
    expect(await typesAt(one.in_force_at - 1)).toEqual([]);
    expect(await typesAt(one.in_force_at)).toEqual(["a 1"]);
    expect(await typesAt(two.in_force_at - 1)).toEqual(["a 1"]);
    expect(await typesAt(two.in_force_at)).toEqual(["a 2"]);
    expect(await listRuleEpochs(database, 0)).toHaveLength(before + 2);
  });

  it("are not added if nothing changes", async () => {
    const [newest] = (await listVersions(database, "c", "a", { before: null, limit: 1 })).rows;
    expect(await change("a", "two", NOW + 20_000_000)).toEqual(newest);
  });

  it("come into force one after the other, even if they are made at once or by a slow clock", async () => {
    const now = NOW + 100_000_000;
    const moments = [
      (await change("a", "three", now)).in_force_at,
      (await change("a", "four", now)).in_force_at,
      (await change("b", "other type", now - 5_000_000)).in_force_at,
      (await saveRuleSettings(database, { unregistered: "reject" }, { now, lead: 0 })).in_force_at,
      (await change("b", "shorter lead", now, 0)).in_force_at,
    ];
    expect(moments).toEqual([0, 1, 2, 3, 4].map((step) => now + LEAD + step));
    expect(await listRuleEpochs(database, now)).toEqual(moments);
    expect(await listRuleEpochs(database, now + LEAD + 2)).toEqual(moments.slice(3));
    expect(await typesAt(now + LEAD + 1)).toEqual(["a 4"]);
    expect(await typesAt(now + LEAD + 2)).toEqual(["a 4", "b 1"]);
  });

  it("are found by their time alone, however many there are", async () => {
    const queries: { sql: string; params: unknown[] }[] = [];
    const prepare = (sql: string) => ({
      bind: (...params: unknown[]) => {
        queries.push({ sql, params });
        return database.binding.prepare(sql).bind(...params);
      },
    });
    await listRuleEpochs({ ...database, binding: { prepare } as unknown as D1Database }, Number.MAX_SAFE_INTEGER);
    const [query] = queries;
    if (query === undefined) throw new Error("nothing was asked");
    expect(await rowsReadBy(database, query)).toBeLessThanOrEqual(2);
  });

  it("can be removals, which come into force in the same way", async () => {
    const now = NOW + 200_000_000;
    const removed = await change("a", null, now);
    expect(removed).toMatchObject({ registered: false, version: 5, in_force_at: now + LEAD });
    expect(await typesAt(now + LEAD - 1)).toEqual(["a 4", "b 2"]);
    expect(await typesAt(now + LEAD)).toEqual(["b 2"]);
    expect((await listRegistered(database)).map(({ name }) => name)).toEqual(["b"]);
  });

  it("include those of the settings", async () => {
    const now = NOW + 300_000_000;
    expect(await loadRuleBook(database, NOW)).toMatchObject({ unregistered: "accept" });
    const accept = await saveRuleSettings(database, { unregistered: "accept" }, { now, lead: LEAD });
    expect(accept).toEqual({ unregistered: "accept", changed_at: now, in_force_at: now + LEAD });
    expect(await readRuleSettings(database)).toEqual(accept);
    const same = await saveRuleSettings(database, { unregistered: "accept" }, { now: now + 1, lead: LEAD });
    expect(same).toEqual(accept);
    expect(await loadRuleBook(database, now + LEAD - 1)).toMatchObject({ unregistered: "reject" });
    expect(await loadRuleBook(database, now + LEAD)).toMatchObject({ unregistered: "accept" });
  });
});
