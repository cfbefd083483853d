import { createHash } from "node:crypto";

export const SUBJECT_KINDS = ["session", "visitor", "error"] as const;

export type SubjectKind = (typeof SUBJECT_KINDS)[number];

/** What is erased: a session, a visitor or an error, by its id. */
export interface Subject {
  kind: SubjectKind;
  id: string;
}

/** By what a tombstone knows a subject: 128 bits, so that no other is ever taken for it. */
export function subjectHash(salt: string, { kind, id }: Subject): string {
  return createHash("sha256")
    .update(JSON.stringify([salt, kind, id]))
    .digest("hex")
    .slice(0, 32);
}
