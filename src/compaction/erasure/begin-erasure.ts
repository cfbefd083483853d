import type { Micros } from "../../model/time/time";
import { type Database, firstDatabase } from "../../storage/core/databases";
import { type Erasure, insertErasure, loadErasure, saltOf } from "../../storage/erasures/erasure-records";
import { type Subject, subjectHash } from "../../storage/erasures/subject";
import { type TombstoneVault, tombstoneOf } from "../../storage/erasures/tombstone-vault";

/** 128 random bits as hexadecimal digits. */
export function freshSalt(): string {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, "0")).join("");
}

export interface ErasureRequest {
  id: string;
  /** The time of the request. Everything received before it is erased. */
  now: Micros;
  /** The application of the admin key. */
  requestedBy: string | null;
  /** True if it is done only when no copies may remain in the pages of partitions. Needs an archive. */
  isThorough?: boolean;
}

/**
 * Records an erasure. Its tombstone is written outside D1 first, then in D1. From then on, a writer that has read
 * the tombstones stores nothing of the subject that was received before the request. Nothing is deleted yet; see
 * `runErasureStep`.
 *
 * @throws what KV and D1 throw. A tombstone without an erasure may stay in KV; it erases only what was asked for.
 */
export async function beginErasure(
  { databases, vault }: { databases: readonly Database[]; vault: TombstoneVault },
  subject: Subject,
  { id, now, requestedBy, isThorough = false }: ErasureRequest,
): Promise<Erasure> {
  const first = firstDatabase(databases);
  const salt = await saltOf(first, freshSalt());
  const hash = subjectHash(salt, subject);
  const erasure = { id, before: now, requestedBy, thorough: isThorough ? 1 : 0 } as const;
  const running = { kind: subject.kind, subject: subject.id, before: now, requestedBy, thorough: isThorough };
  await vault.putSubject(id, running);
  await vault.put(tombstoneOf(erasure, subject.kind, salt, [hash]), "0");
  await insertErasure(first, erasure, subject, hash);
  const begun = await loadErasure(first, id);
  if (begun === null) throw new Error("the erasure record is missing");
  return begun;
}
