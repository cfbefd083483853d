import { env } from "cloudflare:workers";
import { beforeEach, expect, it } from "vitest";
import { type Tombstone, tombstoneOf, tombstoneVault } from "../../../src/storage/erasures/tombstone-vault";

const vault = tombstoneVault(env.KEYS);

beforeEach(async () => {
  for (const { name } of (await env.KEYS.list()).keys) await env.KEYS.delete(name);
});

const stoneOf = (n: number) => tombstoneOf({ id: `erasure-${n}`, before: n }, "session", "salt", [`hash-${n}`]);

async function all(): Promise<Tombstone[]> {
  const found: Tombstone[] = [];
  let cursor: string | null = null;
  do {
    const { tombstones, next }: Awaited<ReturnType<typeof vault.page>> = await vault.page(cursor);
    found.push(...tombstones);
    cursor = next;
  } while (cursor !== null);
  return found.toSorted((a, b) => a.before - b.before);
}

it("returns all tombstones, over several pages of KV, and nothing else", async () => {
  await env.KEYS.put("key:other", "{}");
  const stones = Array.from({ length: 120 }, (_, n) => stoneOf(n));
  await Promise.all(stones.map((stone) => vault.put(stone, "0")));
  expect(await all()).toEqual(stones);
});

it("keeps the parts of an erasure apart, and replaces the same part", async () => {
  for (const part of ["0", "1", "1"]) await vault.put(stoneOf(1), part);
  expect(await all()).toEqual([stoneOf(1), stoneOf(1)]);
});

it("is empty without tombstones", async () => {
  expect(await all()).toEqual([]);
});

it("refuses a damaged tombstone instead of skipping it", async () => {
  await env.KEYS.put("tombstone:x:0", '{"v":1}');
  await expect(all()).rejects.toThrow();
});

it("keeps what a running erasure erases, and the latest mark, apart from the tombstones", async () => {
  const running = { kind: "session", subject: "s", before: 1, requestedBy: null, thorough: true } as const;
  await vault.putSubject("erasure-1", running);
  await vault.putHead("1:mark");
  expect([await vault.subject("erasure-1"), await vault.head(), await all()]).toEqual([running, "1:mark", []]);
  await env.KEYS.put("tombstone-subject:erasure-2", '{"kind":"session","subject":"s","before":1,"requestedBy":null}');
  expect(await vault.subject("erasure-2")).toMatchObject({ thorough: false });
  await vault.removeSubject("erasure-1");
  expect(await vault.subject("erasure-1")).toBeNull();
});
