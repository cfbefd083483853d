import { env } from "cloudflare:workers";
import { beforeEach, describe, expect, it } from "vitest";
import { insertApplication, loadApplication } from "../../../src/storage/keys/applications";
import {
  deleteKey,
  MAX_KEYS_OF_AN_APPLICATION,
  MAX_LIVE_KEYS_OF_A_KIND,
  type Rotation,
  rotateKey,
} from "../../../src/storage/keys/rotate-key";
import { emptyRegistry, freshKey } from "./registered-application";

const home = { index: 0, binding: env.DB };
const ORIGINS = ["https://shop.example"];

beforeEach(async () => {
  await emptyRegistry(home);
  await insertApplication(home, { name: "shop", createdAt: 1, origins: ORIGINS }, []);
  await insertApplication(home, { name: "blog", createdAt: 1, origins: null }, []);
});

function rotate(scope: Rotation["scope"], changes: Partial<Rotation> = {}) {
  const fresh = { ...freshKey(scope), application: "shop", createdAt: 2, origins: undefined, applications: undefined };
  return rotateKey(home, { ...fresh, ...changes });
}

async function made(scope: Rotation["scope"], changes: Partial<Rotation> = {}) {
  const rotated = await rotate(scope, changes);
  if (rotated.kind !== "made") throw new Error(rotated.kind);
  return rotated;
}

describe("a new key", () => {
  it("replaces the oldest of its kind once there are two", async () => {
    const [oldest, , read] = [await made("write"), await made("write"), await made("read")];
    const { replaced } = await made("write");
    expect(replaced.map(({ id }) => id)).toEqual([oldest.key.id]);
    const { keys } = (await loadApplication(home, "shop")) ?? { keys: [] };
    expect(keys.filter(({ scope }) => scope === "write")).toHaveLength(MAX_LIVE_KEYS_OF_A_KIND);
    expect(keys.map(({ id }) => id)).toContain(read.key.id);
  });

  it("never leaves more than two of a kind, even if several are created at once", async () => {
    await Promise.all(Array.from({ length: 6 }, () => rotate("write")));
    expect((await loadApplication(home, "shop"))?.keys).toHaveLength(MAX_LIVE_KEYS_OF_A_KIND);
  });

  it.each<[string, Partial<Rotation>, string[] | null]>([
    ["keeps the application's origins", {}, ORIGINS],
    [
      "has its own origins, which the application takes over",
      { origins: ["https://new.example"] },
      ["https://new.example"],
    ],
    ["may be used from any origin", { origins: null }, null],
  ])("for writing %s", async (_, changes, origins) => {
    expect((await made("write", changes)).key.origins).toEqual(origins);
    expect((await loadApplication(home, "shop"))?.origins).toEqual(origins);
  });

  it("for reading keeps the applications of the newest one unless others are given", async () => {
    expect((await made("read")).key.applications).toBeNull();
    expect((await made("read", { applications: ["shop", "blog", "shop"] })).key.applications).toEqual(["blog", "shop"]);
    expect((await made("read")).key.applications).toEqual(["blog", "shop"]);
    expect((await made("read", { applications: null })).key.applications).toBeNull();
    expect((await made("write", { applications: ["blog"] })).key.applications).toBeNull();
  });

  it("for other applications does not replace a read key", async () => {
    for (const applications of [null, null, ["shop"], ["blog"]]) {
      expect((await made("read", { applications })).replaced).toEqual([]);
    }
  });

  it("is refused for an unknown application, and with unknown applications", async () => {
    expect(await rotate("write", { application: "none" })).toEqual({ kind: "no application" });
    const names = ["shop", "x", "y"];
    expect(await rotate("read", { applications: names })).toEqual({ kind: "unknown applications", names: ["x", "y"] });
    expect((await loadApplication(home, "shop"))?.keys).toEqual([]);
  });

  it("is refused if the application has too many keys", async () => {
    await home.binding
      .prepare(
        `INSERT INTO application_keys (id, application, scope, hash, hint, created_at, applications, revision)
         SELECT value, 'shop', 'read', value, 'x', 1, json_array(value), 1 FROM json_each(?1)`,
      )
      .bind(JSON.stringify(Array.from({ length: MAX_KEYS_OF_AN_APPLICATION }, (_, n) => `key-${n}`)))
      .run();
    expect(await rotate("write")).toEqual({ kind: "full" });
  });
});

it("deletes a key of the named application only", async () => {
  const { key } = await made("write");
  expect(await deleteKey(home, "blog", key.id)).toBeNull();
  expect(await deleteKey(home, "shop", key.id)).toEqual(key);
  expect(await deleteKey(home, "shop", key.id)).toBeNull();
});
