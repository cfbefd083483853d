import { env } from "cloudflare:workers";
import { beforeEach, expect, it } from "vitest";
import { beginErasure } from "../../../src/compaction/erasure/begin-erasure";
import { runErasureStep } from "../../../src/compaction/erasure/erasure-step";
import { errorsOfFile } from "../../../src/compaction/rewrite-file";
import type { ErasureMessage } from "../../../src/model/erasure";
import { filesByHour } from "../../../src/storage/archive/manifest";
import { firstDatabase } from "../../../src/storage/core/databases";
import { loadErasure } from "../../../src/storage/erasures/erasure-records";
import type { Subject } from "../../../src/storage/erasures/subject";
import { tombstoneVault } from "../../../src/storage/erasures/tombstone-vault";
import { errorRow, MINUTE, MORNING, store } from "../../storage/seed";
import { compactAll, databases, emptyEverything, ioWith, LATER, MOVING_ERRORS } from "../harness";
import { erasureIo } from "./erasure-harness";

beforeEach(emptyEverything);

const NOT_JSON = '{"visitor_id":"visitor-2", cut off';

/** Errors of eight sessions; those of every third name a visitor, and one is no JSON. */
const ERRORS = Array.from({ length: 64 }, (_, n) =>
  errorRow({
    id: `err_${String(n).padStart(3, "0")}`,
    receivedAt: MORNING + n * 2 * MINUTE,
    session: n % 8 === 7 ? null : `session-${n % 8}`,
    content: n === 40 ? NOT_JSON : JSON.stringify({ n, ...(n % 3 === 0 ? { visitor_id: `visitor-${n % 4}` } : {}) }),
  }),
);

async function erase(subject: Subject) {
  const pending: ErasureMessage[] = [];
  const io = erasureIo({ sendErasure: async (message) => void pending.push(message) });
  const id = crypto.randomUUID();
  await beginErasure(io, subject, { id, now: LATER, requestedBy: null });
  pending.push({ v: 1, erasure: id, step: 0 });
  for (let message = pending.shift(); message !== undefined; message = pending.shift())
    await runErasureStep(message, io);
  return loadErasure(firstDatabase(databases), id);
}

/** The ids of the archived errors. Says too that no object is left that no file of the manifest names. */
async function archivedIds(): Promise<string[]> {
  const files = await filesByHour(firstDatabase(databases), {
    ...{ kind: "errors", partitions: null, first: 0, last: Number.MAX_SAFE_INTEGER, order: "asc", limit: 1_000 },
  });
  const ids: string[] = [];
  for (const file of files) for await (const { id } of errorsOfFile(env.ARCHIVE, file)) ids.push(id);
  expect((await env.ARCHIVE.list()).objects.map(({ key }) => key).sort()).toEqual(files.map(({ key }) => key).sort());
  return ids.sort();
}

const without = (isErased: (n: number) => boolean) => ERRORS.filter((_, n) => !isErased(n)).map(({ id }) => id);

const CASES: [string, Subject, (n: number) => boolean][] = [
  ["an error", { kind: "error", id: "err_009" }, (n) => n === 9],
  ["a session", { kind: "session", id: "session-3" }, (n) => n % 8 === 3],
  [
    "a visitor, and content that cannot be read",
    { kind: "visitor", id: "visitor-2" },
    (n) => n === 40 || (n % 3 === 0 && n % 4 === 2),
  ],
];

it.each(CASES)("erases the archived errors of %s", async (_, subject, isErased) => {
  await store(databases, { errors: ERRORS });
  await compactAll(ioWith({ settings: MOVING_ERRORS }));
  expect(await erase(subject)).toMatchObject({ status: "done", errors: ERRORS.filter((__, n) => isErased(n)).length });
  expect(await archivedIds()).toEqual(without(isErased));
});

it.each(CASES)(
  "keeps out of the archive the errors of %s that are erased and not yet deleted",
  async (_, subject, isErased) => {
    await store(databases, { errors: ERRORS });
    const io = { databases, vault: tombstoneVault(env.KEYS) };
    await beginErasure(io, subject, { id: "begun", now: LATER, requestedBy: null });
    await compactAll(ioWith({ settings: MOVING_ERRORS }));
    const isKnown = (n: number) => isErased(n) && n !== 40;
    expect(await archivedIds()).toEqual(without(isKnown));
  },
);
