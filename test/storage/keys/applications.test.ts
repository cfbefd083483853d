import { env } from "cloudflare:workers";
import { beforeEach, describe, expect, it } from "vitest";
import {
  changeOrigins,
  deleteApplication,
  insertApplication,
  listApplications,
  loadApplication,
  unknownApplications,
} from "../../../src/storage/keys/applications";
import { emptyRegistry, freshKey } from "./registered-application";

const home = { index: 0, binding: env.DB };
const ORIGINS = ["https://shop.example"];

beforeEach(() => emptyRegistry(home));

const add = (name: string, origins: string[] | null = null, keys = [freshKey("write"), freshKey("read")]) =>
  insertApplication(home, { name, createdAt: 5, origins }, keys);

describe("an application", () => {
  it("is stored with its keys in their order; its origins are those of the write keys", async () => {
    const keys = [freshKey("read"), freshKey("write"), freshKey("admin")];
    expect(await add("shop", ORIGINS, keys)).toBe(true);
    const stored = await loadApplication(home, "shop");
    expect(stored).toMatchObject({ name: "shop", createdAt: 5, origins: ORIGINS });
    expect(stored?.keys.map(({ id, scope, origins, revision }) => [id, scope, origins, revision])).toEqual([
      [keys[0]?.id, "read", null, 1],
      [keys[1]?.id, "write", ORIGINS, 1],
      [keys[2]?.id, "admin", null, 1],
    ]);
    expect(await loadApplication(home, "none")).toBeNull();
  });

  it("is not stored, nor are its keys, if the name is taken", async () => {
    await add("shop");
    expect(await add("shop", ORIGINS)).toBe(false);
    const stored = await loadApplication(home, "shop");
    expect([stored?.origins, stored?.keys.length]).toEqual([null, 2]);
  });

  it("gives new origins to its write keys, with a new revision", async () => {
    await add("shop");
    await add("blog");
    const changed = await changeOrigins(home, "shop", ORIGINS);
    expect(changed?.map(({ scope, origins, revision }) => [scope, origins, revision])).toEqual([["write", ORIGINS, 2]]);
    expect((await loadApplication(home, "shop"))?.origins).toEqual(ORIGINS);
    expect((await loadApplication(home, "blog"))?.origins).toBeNull();
    expect(await changeOrigins(home, "none", ORIGINS)).toBeNull();
  });

  it("is deleted with its keys", async () => {
    await add("shop");
    await add("blog");
    expect((await deleteApplication(home, "shop"))?.map(({ scope }) => scope)).toEqual(["write", "read"]);
    expect(await loadApplication(home, "shop")).toBeNull();
    expect((await loadApplication(home, "blog"))?.keys).toHaveLength(2);
    expect(await deleteApplication(home, "shop")).toBeNull();
  });
});

describe("the list of applications", () => {
  it("has pages by name", async () => {
    for (const name of ["c", "a", "b"]) await add(name);
    const page = await listApplications(home, { limit: 2, after: null });
    expect(page.rows.map(({ name, keys }) => [name, keys.length])).toEqual([
      ["a", 2],
      ["b", 2],
    ]);
    expect(page.next).toBe("b");
    const last = await listApplications(home, { limit: 2, after: page.next });
    expect([last.rows.map(({ name }) => name), last.next]).toEqual([["c"], null]);
  });
});

it("returns names that belong to no application", async () => {
  await add("shop");
  expect(await unknownApplications(home, ["x", "shop", "y"])).toEqual(["x", "y"]);
  expect(await unknownApplications(home, [])).toEqual([]);
});
