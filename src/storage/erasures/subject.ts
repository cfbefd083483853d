import { createHash } from "node:crypto";

export const SUBJECT_KINDS = ["session", "visitor", "error"] as const;

export type SubjectKind = (typeof SUBJECT_KINDS)[number];

/** `restore` erases what a restore of a database brought back. */
export const ERASURE_KINDS = [...SUBJECT_KINDS, "restore"] as const;

export type ErasureKind = (typeof ERASURE_KINDS)[number];

/** The subject of an erasure: a session, a visitor or an error, by its id. */
export interface Subject {
  kind: SubjectKind;
  id: string;
}

/** The hash that identifies a subject in a tombstone: 128 bits, so that no other subject ever matches. */
export function subjectHash(salt: string, { kind, id }: Subject): string {
  return createHash("sha256")
    .update(JSON.stringify([salt, kind, id]))
    .digest("hex")
    .slice(0, 32);
}
