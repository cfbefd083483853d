import { env } from "cloudflare:workers";
import { beforeEach, expect, it } from "vitest";
import { changeOrigins, insertApplication } from "../../../src/storage/keys/applications";
import { keysOfHashes, listRevisions, toKey } from "../../../src/storage/keys/registered-keys";
import { emptyRegistry, freshKey } from "./registered-application";

const home = { index: 0, binding: env.DB };
const KEYS = [freshKey("write"), freshKey("admin")];

beforeEach(async () => {
  await emptyRegistry(home);
  await insertApplication(home, { name: "shop", createdAt: 7, origins: ["https://shop.example"] }, KEYS);
});

it("finds keys by hash", async () => {
  const [write, admin] = KEYS;
  const found = await keysOfHashes(home, [write?.hash ?? "", "unknown"]);
  expect([...found.keys()]).toEqual([write?.hash]);
  expect(found.get(write?.hash ?? "")).toMatchObject({
    ...{ ...write, application: "shop", createdAt: 7, revision: 1 },
    ...{ origins: ["https://shop.example"], applications: null },
  });
  expect((await keysOfHashes(home, [admin?.hash ?? ""])).get(admin?.hash ?? "")?.origins).toBeNull();
});

it("lists the revisions of all keys, which a change increases", async () => {
  await changeOrigins(home, "shop", null);
  const revisions = await listRevisions(home);
  expect(KEYS.map(({ hash }) => revisions.get(hash))).toEqual([2, 1]);
});

it("refuses a row whose scope or lists are damaged", () => {
  const row = {
    ...{ id: "i", application: "shop", scope: "write", hash: "h", hint: "x", created_at: 1 },
    ...{ origins: null, applications: null, revision: 1 },
  };
  expect(toKey(row).scope).toBe("write");
  expect(() => toKey({ ...row, scope: "owner" })).toThrow();
  expect(() => toKey({ ...row, origins: '"https://shop.example"' })).toThrow();
});
