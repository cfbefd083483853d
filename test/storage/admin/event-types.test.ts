import { env } from "cloudflare:workers";
import { beforeEach, describe, expect, it } from "vitest";
import {
  type EventTypeDefinition,
  type EventTypeVersion,
  listRegistered,
  listVersions,
  readVersion,
  saveVersion,
} from "../../../src/storage/admin/event-types";
import { databasesOf, firstDatabase } from "../../../src/storage/core/databases";
import { MAX_PAGE_CONTENT } from "../../../src/storage/core/read-limits";
import type { Page } from "../../../src/storage/scan/partial-page";

const home = firstDatabase(databasesOf(env));
const NOW = 1_700_000_000_000_000;

/** Registers or removes a type, and returns the number of its newest version and whether it is new. */
async function save(name: string, changes: Partial<EventTypeDefinition> & { registered?: boolean } = {}) {
  const { version, isNew } = await saveVersion(
    home,
    {
      ...{ category: "c", name, registered: true, description: null, owner: null },
      ...{ mode: "accept", schema: null, schema_mode: "enforce" },
      ...changes,
    },
    { now: NOW, lead: 0 },
  );
  return [version.version, isNew];
}

beforeEach(async () => {
  await home.binding.prepare("DELETE FROM event_types").run();
});

describe("a change of an event type", () => {
  it("makes a new version, unless nothing changes", async () => {
    expect(await save("n", { description: "one" })).toEqual([1, true]);
    expect(await save("n", { description: "one" })).toEqual([1, false]);
    expect(await save("n", { description: "two" })).toEqual([2, true]);
    expect(await save("n", { description: "one" })).toEqual([3, true]);
  });

  it.each<Partial<EventTypeDefinition> & { registered?: boolean }>([
    { owner: "team" },
    { mode: "reject" },
    { schema: "{}" },
    { schema_mode: "shadow" },
    { registered: false },
  ])("makes a new version for %j", async (change) => {
    await save("n");
    expect(await save("n", change)).toEqual([2, true]);
  });

  it("made twice at once makes a version for each", async () => {
    const saved = await Promise.all(["one", "two", "three"].map((description) => save("n", { description })));
    expect(saved.map(([version]) => version).toSorted()).toEqual([1, 2, 3]);
  });
});

describe("the versions of a type", () => {
  beforeEach(async () => {
    for (const description of ["one", "two", "three"]) await save("n", { description });
  });

  it("are read by number, or the newest without a number", async () => {
    expect(await readVersion(home, "c", "n", 2)).toMatchObject({ version: 2, description: "two", registered: true });
    expect(await readVersion(home, "c", "n", null)).toMatchObject({ version: 3, description: "three" });
    expect(await readVersion(home, "c", "n", 9)).toBeNull();
    expect(await readVersion(home, "c", "other", null)).toBeNull();
  });

  it("are listed newest first, page by page", async () => {
    const page = async (before: number | null) =>
      (await listVersions(home, "c", "n", { before, limit: 2 })).rows.map(({ version }) => version);
    expect([await page(null), await page(2)]).toEqual([[3, 2], [1]]);
  });

  it("end a page early where their schemas are long", async () => {
    const schema = (n: number) => JSON.stringify({ description: "x".repeat(MAX_PAGE_CONTENT / 4), title: `${n}` });
    for (let n = 0; n < 6; n++) await save("large", { schema: schema(n) });
    const pages: number[][] = [];
    for (let before: number | null = null; pages.length === 0 || before !== null; ) {
      const { rows, next }: Page<EventTypeVersion, number> = await listVersions(home, "c", "large", {
        before,
        limit: 1_000,
      });
      pages.push(rows.map(({ version }) => version));
      before = next;
    }
    expect(pages).toEqual([
      [6, 5, 4],
      [3, 2, 1],
    ]);
  });

  it("include the removal, after which the type is not registered", async () => {
    await save("m");
    await save("n", { registered: false });
    expect((await listRegistered(home)).map(({ name }) => name)).toEqual(["m"]);
    expect(await readVersion(home, "c", "n", null)).toMatchObject({ version: 4, registered: false });
    await save("n", { description: "again" });
    expect(await listRegistered(home)).toMatchObject([{ name: "m" }, { name: "n", version: 5, description: "again" }]);
  });
});
