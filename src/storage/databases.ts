import { createHash } from "node:crypto";

/** One of the databases that hold the events. Its index never changes once it is in use. */
export interface Database {
  index: number;
  binding: D1Database;
}

/**
 * The databases bound to the Worker: `DB`, then `DB_1`, `DB_2` and so on without a gap.
 *
 * @throws Error that says what to write into wrangler.toml, if one is missing.
 */
export function databasesOf(env: object): Database[] {
  const bindings = new Map(Object.entries(env).filter(([name]) => /^DB(_[1-9]\d*)?$/.test(name)));
  return Array.from({ length: bindings.size }, (_, index) => {
    const name = index === 0 ? "DB" : `DB_${index}`;
    const binding: unknown = bindings.get(name);
    if (!isDatabase(binding)) {
      throw new Error(
        `The binding ${name} is missing. Name databases DB, DB_1, DB_2 … in [[d1_databases]], without a gap.`,
      );
    }
    return { index, binding };
  });
}

function isDatabase(binding: unknown): binding is D1Database {
  return typeof binding === "object" && binding !== null && "prepare" in binding;
}

/**
 * Where a session that begins now would live, and before that every other database where it may have begun when there
 * were fewer. The last one is its home.
 *
 * The home is the database with the highest weight (rendezvous hashing), so an added database takes its share of the new
 * sessions and moves no other: only the databases that led at some length of the list can hold the session, about
 * ln(n) + 1 of n.
 */
export function candidateDatabases(session: string, databases: number): number[] {
  const candidates = [0];
  if (databases === 1) return candidates;
  let highest = weight(session, 0);
  for (let index = 1; index < databases; index++) {
    const own = weight(session, index);
    if (own > highest) {
      highest = own;
      candidates.push(index);
    }
  }
  return candidates;
}

/** The database in which a session that begins now will live. */
export function homeDatabase(session: string, databases: number): number {
  return candidateDatabases(session, databases).at(-1) ?? 0;
}

function weight(session: string, index: number): number {
  return createHash("sha256").update(`${index}:${session}`).digest().readUInt32BE(0);
}
