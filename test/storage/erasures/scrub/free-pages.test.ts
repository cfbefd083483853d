import { env } from "cloudflare:workers";
import { expect, it } from "vitest";
import { dropFillers, fillerOf } from "../../../../src/storage/erasures/scrub/free-pages";

const run = (statements: readonly string[]) => env.DB.batch(statements.map((one) => env.DB.prepare(one)));
const size = async () => (await env.DB.prepare("SELECT 1").all()).meta.size_after;

it.each([0, 100, 5_000])(
  "a filler takes %d pages and those of a list of free pages, in tables of one page",
  async (freed) => {
    const { prepare, fill } = fillerOf("scrub_test", freed);
    const before = await size();
    await run(prepare);
    const tables = prepare.length / 2;
    expect(await size()).toBe(before + tables * 4_096);
    await run(fill);
    const pages = ((await size()) - before) / 4_096 - tables;
    expect(pages).toBeGreaterThanOrEqual(freed + 1_023);
    // Whole values, without another page of a B-tree between them.
    expect(pages % 464).toBe(0);
    await run(prepare);
    expect(await size()).toBe(before + tables * 4_096);
    await dropFillers(env.DB);
    await dropFillers(env.DB);
    expect(await size()).toBe(before);
  },
);
