import * as v from "valibot";
import type { Micros } from "../../model/time/time";
import type { Database } from "../core/databases";
import { groupsOf } from "../core/groups-of";
import { type SubjectKind, subjectHash } from "./subject";

/** The longest time that an isolate uses a cached revision. No guarantee depends on it; the fence protects writes. */
export const MAX_ERASURES_AGE_MS = 30_000;

/** Hashes in one query: 400 KB of JSON. */
const MAX_HASHES = 10_000;

/** The session, visitor and id of an event or an error. The row of an event is one. */
export interface Belonging {
  session: string | null;
  visitor: string | null;
  /** Absent or null: it is an event. */
  error?: string | null;
  receivedAt: Micros;
}

/** The result of a check, with its revision. */
export interface ErasureCheck {
  /** Passed to the write, which fails if the database knows of later erasures. */
  revision: number;
  isErased(belonging: Belonging): boolean;
}

export interface ErasureSource {
  /**
   * Finds out which of the given events or errors are erased. Costs nothing if all were received after the latest
   * erasure.
   *
   * @throws what D1 throws. Nothing may be written then.
   */
  check(belongings: Iterable<Belonging>): Promise<ErasureCheck>;
  /** Clears the cache, after a write found a later revision. */
  forget(): void;
}

interface Known {
  readAt: number;
  revision: number;
  before: Micros;
  salts: string[];
}

const REVISIONS = "SELECT name, revision FROM revisions WHERE name IN ('erased_before', 'erasures') ORDER BY name";
const SALTS = "SELECT salt FROM erasure_salts";
const TOMBSTONES = "SELECT hash, before_at AS before FROM tombstones WHERE hash IN (SELECT value FROM json_each(?1))";

const RevisionsSchema = v.tuple([v.object({ revision: v.number() }), v.object({ revision: v.number() })]);
const SaltsSchema = v.array(v.object({ salt: v.string() }));
const TombstonesSchema = v.array(v.object({ hash: v.string(), before: v.number() }));

/**
 * The source of what was erased, for everything that writes events and errors.
 *
 * @param first the first database
 * @param now milliseconds since 1970
 */
export function createErasureSource({ binding }: Database, now: () => number = Date.now): ErasureSource {
  let known: Known | null = null;

  async function current(): Promise<Known> {
    if (known !== null && now() - known.readAt < MAX_ERASURES_AGE_MS) return known;
    const readAt = now();
    const [revisions, salts] = await binding.batch<unknown>([binding.prepare(REVISIONS), binding.prepare(SALTS)]);
    const [before, revision] = v.parse(RevisionsSchema, revisions?.results);
    const read = {
      ...{ readAt, revision: revision.revision, before: before.revision },
      salts: v.parse(SaltsSchema, salts?.results).map(({ salt }) => salt),
    };
    if (known === null || read.revision >= known.revision) known = read;
    return read;
  }

  async function check(belongings: Iterable<Belonging>): Promise<ErasureCheck> {
    const asked = [...belongings];
    for (;;) {
      const { revision, before, salts } = await current();
      const early = asked.filter(({ receivedAt }) => receivedAt < before);
      if (early.length === 0) return { revision, isErased: () => false };
      const memo = new Map<string, string[]>();
      const hashes = [...new Set(early.flatMap((one) => hashesOf(one, salts, memo)))];
      const found = await tombstonesOf(binding, hashes);
      // The look-up saw later tombstones than the revision of `before`.
      if (found.revision !== revision) {
        known = null;
        continue;
      }
      return {
        revision,
        isErased: (one) =>
          one.receivedAt < before &&
          hashesOf(one, salts, memo).some((hash) => one.receivedAt < (found.tombstones.get(hash) ?? 0)),
      };
    }
  }

  return {
    check,
    forget() {
      known = null;
    },
  };
}

/** @param memo hashes computed before: many events share a session */
function hashesOf(
  { session, visitor, error = null }: Belonging,
  salts: readonly string[],
  memo: Map<string, string[]>,
): readonly string[] {
  const subjects = { session, visitor, error };
  return (Object.keys(subjects) as SubjectKind[]).flatMap((kind) => {
    const id = subjects[kind];
    if (id === null) return [];
    const name = `${kind} ${id}`;
    const known = memo.get(name);
    if (known !== undefined) return known;
    const hashes = salts.map((salt) => subjectHash(salt, { kind, id }));
    memo.set(name, hashes);
    return hashes;
  });
}

async function tombstonesOf(binding: D1Database, hashes: readonly string[]) {
  const statements = groupsOf(hashes, MAX_HASHES).map((some) => binding.prepare(TOMBSTONES).bind(JSON.stringify(some)));
  const [revisions, ...found] = await binding.batch<unknown>([binding.prepare(REVISIONS), ...statements]);
  const [, revision] = v.parse(RevisionsSchema, revisions?.results);
  const rows = found.flatMap(({ results }) => v.parse(TombstonesSchema, results));
  return { revision: revision.revision, tombstones: new Map(rows.map(({ hash, before }) => [hash, before])) };
}

/**
 * The erased ones among some sessions, with the time of receipt before which they are erased. Reads the primary.
 *
 * @throws what D1 throws
 */
export async function sessionsErased({ binding }: Database, sessions: readonly string[]): Promise<Map<string, Micros>> {
  const salts = v.parse(SaltsSchema, (await binding.prepare(SALTS).all()).results);
  const byHash = new Map(
    sessions.flatMap((id) =>
      salts.map(({ salt }): [hash: string, session: string] => [subjectHash(salt, { kind: "session", id }), id]),
    ),
  );
  const { tombstones } = await tombstonesOf(binding, [...byHash.keys()]);
  const erased = new Map<string, Micros>();
  for (const [hash, before] of tombstones) {
    const session = byHash.get(hash);
    if (session !== undefined) erased.set(session, Math.max(before, erased.get(session) ?? 0));
  }
  return erased;
}

const sources = new WeakMap<object, ErasureSource>();

/** The isolate's source for an environment's first database. */
export function isolateErasures(first: Database): ErasureSource {
  const same = sources.get(first.binding);
  if (same !== undefined) return same;
  const source = createErasureSource(first);
  sources.set(first.binding, source);
  return source;
}
