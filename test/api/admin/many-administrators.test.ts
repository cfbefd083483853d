import * as v from "valibot";
import { beforeAll, describe, expect, it } from "vitest";
import { ApplicationSchema, NewApplicationSchema, RotatedKeySchema } from "../../../src/api/admin/application-schemas";
import { isolateKeyCache } from "../../../src/http/auth/authenticate";
import { seedLocalKeys } from "../../http/auth/seed";
import { ask } from "../ask";

import { create, post, rotate, show, statusOf } from "./administering";

beforeAll(seedLocalKeys);

describe("many administrators at once", () => {
  it("never leave a key that works and is not listed", async () => {
    await create("crowded");
    const made = await Promise.all(Array.from({ length: 10 }, () => rotate("crowded", "admin")));
    const listed = (await show("crowded")).keys.filter(({ scope }) => scope === "admin").map(({ id }) => id);
    const working = await Promise.all(
      made.map(async ({ id, key }) => ((await statusOf(key)).list === 200 ? [id] : [])),
    );
    expect(working.flat().sort()).toEqual(listed.toSorted());
    expect(listed).toHaveLength(2);
    expect((await ask("/theeye/applications/crowded", { method: "DELETE" })).status).toBe(204);
    for (const { key } of made) expect((await statusOf(key)).list).toBe(401);
  });

  it("leave exactly the listed keys after 20 clients created, rotated and revoked keys", async () => {
    const keys = new Map<string, string>();
    const client = async (n: number) => {
      const name = `busy-${n % 3}`;
      for (const turn of [0, 1, 2]) {
        const created = await post("", { name });
        if (created.status === 201) {
          for (const { id, key } of v.parse(NewApplicationSchema, await created.json()).keys) keys.set(id, key);
        }
        const scope = (["read", "admin", "write"] as const)[(n + turn) % 3] ?? "read";
        const rotated = await post(`/${name}/keys`, { scope });
        if (rotated.status === 201) {
          const { id, key } = v.parse(RotatedKeySchema, await rotated.json());
          keys.set(id, key);
          if (n % 4 === turn) await ask(`/theeye/applications/${name}/keys/${id}`, { method: "DELETE" });
        }
        if (n === 7 + turn) await ask(`/theeye/applications/${name}`, { method: "DELETE" });
      }
    };
    await Promise.all(Array.from({ length: 20 }, (_, n) => client(n)));
    const listed = new Set<string>();
    for (const name of ["busy-0", "busy-1", "busy-2"]) {
      const response = await ask(`/theeye/applications/${name}`);
      if (response.status === 404) continue;
      for (const { id } of v.parse(ApplicationSchema, await response.json()).keys) listed.add(id);
    }
    isolateKeyCache.forget([...keys.keys()]);
    const works = async (key: string) => {
      const { send, list } = await statusOf(key);
      return send !== 401 && list !== 401;
    };
    const working = await Promise.all([...keys].map(async ([id, key]) => ((await works(key)) ? [id] : [])));
    expect(working.flat().sort()).toEqual([...listed].sort());
  });
});
