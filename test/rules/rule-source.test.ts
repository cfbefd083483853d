import { env } from "cloudflare:workers";
import { beforeEach, describe, expect, it } from "vitest";
import { RULES_KEY } from "../../src/model/event-type";
import { createRuleSource, RULES_FRESH_MS, RULES_STALE_MS } from "../../src/rules/rule-source";

const type = { category: "c", name: "n", version: 1, mode: "accept", schema_mode: "enforce", schema: null };

const publish = (book: object) => env.KEYS.put(RULES_KEY, JSON.stringify({ v: 1, revision: 1, types: [], ...book }));

const away = { get: () => Promise.reject(new Error("KV is away")) } as unknown as KVNamespace;

describe("the rules that an isolate judges by", () => {
  let now = 0;
  let { read } = createRuleSource(() => now);
  beforeEach(async () => {
    now = 0;
    ({ read } = createRuleSource(() => now));
    await env.KEYS.delete(RULES_KEY);
  });

  it("accept everything where nothing was ever registered", async () => {
    expect(await read(env.KEYS)).toMatchObject({ unregistered: "accept" });
  });

  it("are those of KV, some seconds later at most", async () => {
    await publish({ unregistered: "reject", types: [type] });
    const rules = await read(env.KEYS);
    expect(rules.find("c", "n")).toEqual(type);
    await publish({ unregistered: "accept" });
    now = RULES_FRESH_MS - 1;
    expect(await read(env.KEYS)).toBe(rules);
    now = RULES_FRESH_MS;
    expect(await read(env.KEYS)).toMatchObject({ unregistered: "accept" });
  });

  it("are kept for a while where KV cannot be read, and no longer", async () => {
    await publish({ unregistered: "reject" });
    const rules = await read(env.KEYS);
    now = RULES_STALE_MS - 1;
    expect(await read(away)).toBe(rules);
    now = RULES_STALE_MS;
    await expect(read(away)).rejects.toThrow("KV is away");
  });

  it("are not made up where KV cannot be read, or holds what this version does not understand", async () => {
    await expect(read(away)).rejects.toThrow("KV is away");
    await publish({ v: 2, unregistered: "accept" });
    await expect(read(env.KEYS)).rejects.toThrow();
  });

  it("travel to a group of sessions as far as its events need them", async () => {
    await publish({ unregistered: "reject", types: [type, { ...type, name: "other" }] });
    const rules = await read(env.KEYS);
    expect(rules.only([{ category: "c", name: "n" }, { category: "c", name: "n" }, { category: 7 }, {}])).toEqual({
      unregistered: "reject",
      types: [type],
    });
  });
});
