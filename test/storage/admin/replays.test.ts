import { env } from "cloudflare:workers";
import { beforeEach, describe, expect, it } from "vitest";
import {
  countStep,
  deleteReplay,
  insertReplay,
  listReplays,
  loadReplay,
  planStep,
  type ReplayPlace,
  runningAmong,
} from "../../../src/storage/admin/replays";
import { databasesOf, firstDatabase } from "../../../src/storage/core/databases";
import { MORNING } from "../seed";

const home = firstDatabase(databasesOf(env));

const repair = { edits: [{ op: "remove" as const, path: "/data/x" }] };
const begin = (id: string, createdAt = MORNING) =>
  insertReplay(home, { id, createdAt, selection: { ids: ["e1", "e2"] }, repair });

const COUNTS = { matched: 2, stored: 1, failing: 1, skipped: 0 };

beforeEach(async () => {
  await home.binding.prepare("DELETE FROM replays").run();
});

describe("a replay", () => {
  it("is read as it was created, before its first step", async () => {
    await begin("r");
    expect(await loadReplay(home, "r")).toMatchObject({
      ...{ id: "r", createdAt: MORNING, status: "running", selection: { ids: ["e1", "e2"] }, repair },
      ...{ step: 0, cursor: null, plan: null, matched: 0, stored: 0, failing: 0, skipped: 0 },
    });
    expect(await loadReplay(home, "other")).toBeNull();
  });

  it("can be deleted only while no step of it is planned", async () => {
    for (const id of ["new", "planned"]) await begin(id);
    await planStep(home, "planned", 0, { ids: [], next: null });
    for (const id of ["new", "planned"]) await deleteReplay(home, id);
    expect(await loadReplay(home, "new")).toBeNull();
    expect(await loadReplay(home, "planned")).not.toBeNull();
  });
});

describe("a step", () => {
  it("is planned once: a second plan of the same step, or of another, changes nothing", async () => {
    await begin("r");
    await planStep(home, "r", 0, { ids: ["e1"], next: 1 });
    await planStep(home, "r", 0, { ids: ["e2"], next: null });
    await planStep(home, "r", 1, { ids: ["e2"], next: null });
    expect((await loadReplay(home, "r"))?.plan).toEqual({ ids: ["e1"], next: 1 });
  });

  it("is counted once, and the next one starts where its plan says", async () => {
    await begin("r");
    const step = { id: "r", step: 0, next: 1, now: MORNING + 1 };
    expect(await countStep(home, step, COUNTS)).toBe(true);
    expect(await countStep(home, step, COUNTS)).toBe(false);
    const counted = { ...COUNTS, step: 1, cursor: 1, plan: null, status: "running", updatedAt: MORNING + 1 };
    expect(await loadReplay(home, "r")).toMatchObject(counted);
  });

  it("that is the last one ends the replay, which then accepts no plan", async () => {
    await begin("r");
    await countStep(home, { id: "r", step: 0, next: null, now: MORNING }, COUNTS);
    await planStep(home, "r", 1, { ids: ["e2"], next: null });
    expect(await loadReplay(home, "r")).toMatchObject({ status: "done", plan: null });
  });
});

it("listReplays returns the newest first, each on one page", async () => {
  await begin("a", MORNING);
  await begin("b", MORNING + 1);
  await begin("c", MORNING + 1);
  const first = await listReplays(home, { limit: 2, after: null, applications: null });
  expect(first.rows.map(({ id }) => id)).toEqual(["c", "b"]);
  const rest = await listReplays(home, { limit: 2, after: first.next, applications: null });
  expect(rest.rows.map(({ id }) => id)).toEqual(["a"]);
  expect(rest.next).toBeNull();
});

it("runningAmong returns running replays, but not done or unknown ones", async () => {
  for (const id of ["done", "running"]) await begin(id);
  await countStep(home, { id: "done", step: 0, next: null, now: MORNING }, COUNTS);
  expect(await runningAmong(home, ["done", "running", "unknown"])).toEqual(new Set(["running"]));
  expect(await runningAmong(home, [])).toEqual(new Set());
});

const ANY = { code: null, session: null, category: null, name: null, from: null, to: null };

/** A repair of about 900 KB, near the largest that a request can hold. */
const LARGE = { edits: [{ op: "set" as const, path: "/data", value: { text: "x".repeat(900_000) } }] };

it("listReplays limits the size of pages with large repairs, and returns each replay once", async () => {
  const ids = Array.from({ length: 10 }, (_, n) => `large-${n}`);
  for (const [n, id] of ids.entries()) {
    const selection = { filter: { ...ANY, application: n % 2 === 0 ? "shop" : null } };
    await insertReplay(home, { id, createdAt: n + 1, selection, repair: LARGE });
  }
  for (const applications of [null, ["shop"]]) {
    const listed: string[] = [];
    let after: ReplayPlace | null = null;
    do {
      const page: Awaited<ReturnType<typeof listReplays>> = await listReplays(home, {
        limit: 1_000,
        after,
        applications,
      });
      expect(page.rows.length).toBeGreaterThan(0);
      expect(JSON.stringify(page.rows).length).toBeLessThan(5_000_000);
      listed.push(...page.rows.map(({ id }) => id));
      after = page.next;
    } while (after !== null);
    expect(listed).toEqual(ids.filter((_, n) => applications === null || n % 2 === 0).reverse());
  }
});
