import { env } from "cloudflare:workers";
import { beforeEach, describe, expect, it } from "vitest";
import { compactStep } from "../../src/compaction/compact-step";
import { errorsOfFile } from "../../src/compaction/rewrite-file";
import { insertReplay } from "../../src/storage/admin/replays";
import type { ArchiveBucket } from "../../src/storage/archive/archive-bucket";
import type { ArchivedError } from "../../src/storage/archive/file/archived-rows";
import { filesByHour } from "../../src/storage/archive/manifest";
import type { Database } from "../../src/storage/core/databases";
import { firstDatabase } from "../../src/storage/core/databases";
import { claimErrors } from "../../src/storage/write/resolve-errors";
import { errorRow, HOUR, MINUTE, MORNING, store } from "../storage/seed";
import { compactAll, databases, EAGER, emptyEverything, ioWith, LATER, MOVING_ERRORS } from "./harness";

beforeEach(emptyEverything);

const moving = (changes: Parameters<typeof ioWith>[0] = {}) => ioWith({ settings: MOVING_ERRORS, ...changes });

/** Errors of three hours, with and without a session, one of them in pieces. */
const ERRORS = Array.from({ length: 60 }, (_, n) =>
  errorRow({
    id: `err_${String(n).padStart(3, "0")}`,
    receivedAt: MORNING + n * 3 * MINUTE,
    session: n % 4 === 0 ? null : `session-${n % 7}`,
    application: n % 5 === 0 ? "blog" : n % 11 === 0 ? null : "shop",
    content: n === 30 ? null : JSON.stringify({ n, visitor_id: `visitor-${n % 3}` }),
    parts: n === 30 ? 2 : 0,
  }),
);
const PARTS = ['{"n":30', ',"a":1}'].map((content, part) => ({
  ...{ errorId: "err_030", part, content },
  session: ERRORS[30]?.session ?? null,
}));

async function archivedErrors(): Promise<ArchivedError[]> {
  const errors: ArchivedError[] = [];
  for (const file of await errorFiles()) for await (const error of errorsOfFile(env.ARCHIVE, file)) errors.push(error);
  return errors.sort((a, b) => (a.id < b.id ? -1 : 1));
}

function errorFiles() {
  return filesByHour(firstDatabase(databases), {
    ...{ kind: "errors", partitions: null, first: 0, last: Number.MAX_SAFE_INTEGER, order: "asc", limit: 1_000 },
  });
}

async function idsIn(table: string, all: readonly Database[] = databases): Promise<string[]> {
  const found = await Promise.all(
    all.map(({ binding }) => binding.prepare(`SELECT DISTINCT id FROM ${table}`).all<{ id: string }>()),
  );
  return found.flatMap(({ results }) => results.map(({ id }) => id)).sort();
}

const IDS = ERRORS.map(({ id }) => id);

describe("errors whose hot window is over", () => {
  it("are moved to files by hour of receipt and database, whole", async () => {
    await store(databases, { errors: ERRORS, parts: PARTS });
    const steps = await compactAll(moving());
    expect(new Set(steps.map(({ did }) => did))).toEqual(new Set(["moved_errors"]));
    expect(await idsIn("errors")).toEqual([]);
    expect(await idsIn("error_parts")).toEqual([]);
    const archived = await archivedErrors();
    expect(archived.map(({ id }) => id)).toEqual(IDS);
    expect(archived[30]).toMatchObject({ content: '{"n":30,"a":1}', parts: 2, receivedAt: ERRORS[30]?.receivedAt });
    expect(archived[1]).toMatchObject({ session: "session-1", application: "shop", eventId: ERRORS[1]?.eventId });
    const files = await errorFiles();
    expect(new Set(files.map(({ hour }) => hour)).size).toBe(3);
    for (const { key, database, bytes } of files) {
      expect(key).toMatch(new RegExp(`^errors/day=[0-9-]{10}/hour=[0-9]{2}/db=${database}/[0-9a-f]{32}\\.parquet$`));
      expect((await env.ARCHIVE.head(key))?.size).toBe(bytes);
    }
    expect(files.flatMap(({ applications }) => applications ?? [])).toContain("blog");
  });

  it("stay until it is over", async () => {
    await store(databases, { errors: ERRORS, parts: PARTS });
    const settings = { ...EAGER, errors: { hotMicros: 24 * HOUR, everyMicros: HOUR } };
    await compactAll(ioWith({ settings }), MORNING + 25 * HOUR + 30 * MINUTE);
    const isDue = ({ receivedAt }: { receivedAt: number }) => receivedAt < MORNING + HOUR;
    expect(await idsIn("errors")).toEqual(ERRORS.filter((error) => !isDue(error)).map(({ id }) => id));
    expect((await archivedErrors()).map(({ id }) => id)).toEqual(ERRORS.filter(isDue).map(({ id }) => id));
  });

  it("stay while not all of their content has arrived", async () => {
    await store(databases, { errors: ERRORS, parts: PARTS.slice(0, 1) });
    await compactAll(moving());
    expect(await idsIn("errors")).toEqual(["err_030"]);
    await store(databases, { parts: PARTS.slice(1) });
    await compactAll(moving());
    expect((await archivedErrors()).map(({ id }) => id)).toEqual(IDS);
  });

  it("stay while a replay has them in hand, and no replay takes one that is being moved", async () => {
    await store(databases, { errors: ERRORS, parts: PARTS });
    const selection = { ids: ["err_001"] };
    await insertReplay(firstDatabase(databases), { id: "running", createdAt: 1, selection, repair: null });
    const key = { receivedAt: ERRORS[1]?.receivedAt ?? 0, id: "err_001" };
    for (const database of databases) await claimErrors(database, [key], "running");
    await compactAll(moving());
    expect(await idsIn("errors")).toEqual(["err_001"]);
    await firstDatabase(databases).binding.prepare("UPDATE replays SET status = 'done'").run();
    await compactAll(moving());
    expect((await archivedErrors()).map(({ id }) => id)).toEqual(IDS);
  });

  it("are in the archive once when they are delivered again", async () => {
    await store(databases, { errors: ERRORS, parts: PARTS });
    await compactAll(moving());
    await store(databases, { errors: ERRORS.slice(0, 10) });
    await compactAll(moving());
    expect(await idsIn("errors")).toEqual([]);
    expect((await archivedErrors()).map(({ id }) => id)).toEqual(IDS);
  });

  it("stay without an archive", async () => {
    await store(databases, { errors: ERRORS, parts: PARTS });
    expect(await compactStep(moving({ archive: null }), LATER)).toEqual({ did: "waiting" });
    expect(await idsIn("errors")).toEqual(IDS);
  });
});

describe("a step that fails", () => {
  /** Lets the n-th call of any binding fail, before or after it took effect. */
  function failing(n: number, when: "before" | "after") {
    let calls = 0;
    const spoil = async <Result>(call: () => Promise<Result>): Promise<Result> => {
      calls += 1;
      const isChosen = calls === n;
      if (isChosen && when === "before") throw new Error("network connection lost");
      const result = await call();
      if (isChosen) throw new Error("network connection lost");
      return result;
    };
    const statement = (own: D1PreparedStatement): D1PreparedStatement =>
      new Proxy(own, {
        get(target, name) {
          const value: unknown = Reflect.get(target, name);
          if (typeof value !== "function") return value;
          if (name === "bind") return (...values: unknown[]) => statement(target.bind(...values));
          if (["all", "first", "run"].includes(String(name))) {
            return (...values: unknown[]) => spoil(() => Promise.resolve(Reflect.apply(value, target, values)));
          }
          return value.bind(target);
        },
      });
    const spoiled = databases.map(({ index, binding }) => {
      const prepare = (text: string) => statement(binding.prepare(text));
      const batch = (statements: D1PreparedStatement[]) => spoil(() => binding.batch(statements));
      return { index, binding: Object.assign(Object.create(binding), { prepare, batch }) as D1Database };
    });
    const archive: ArchiveBucket = {
      get: ((key: string, options: R2GetOptions) => spoil(() => env.ARCHIVE.get(key, options))) as ArchiveBucket["get"],
      put: ((key: string, value: Uint8Array, options: R2PutOptions) =>
        spoil(() => env.ARCHIVE.put(key, value, options))) as ArchiveBucket["put"],
      delete: (keys) => spoil(() => env.ARCHIVE.delete(keys)),
      list: (options) => spoil(() => env.ARCHIVE.list(options)),
    };
    return { io: moving({ databases: spoiled, archive }), calls: () => calls };
  }

  it.each(["before", "after"] as const)(
    "%s any call took effect loses and doubles nothing",
    async (when) => {
      for (let n = 1; ; n++) {
        await emptyEverything();
        await store(databases, { errors: ERRORS.slice(1, 2) });
        const { io, calls } = failing(n, when);
        let failed = 0;
        for (let step = 0; step < 100; step++) {
          try {
            if ((await compactStep(io, LATER)).did === "waiting") break;
          } catch {
            failed += 1;
          }
        }
        expect((await archivedErrors()).map(({ id }) => id)).toEqual(IDS.slice(1, 2));
        expect(await idsIn("errors")).toEqual([]);
        if (failed === 0) {
          expect(calls()).toBeGreaterThan(10);
          return;
        }
      }
    },
    300_000,
  );
});
