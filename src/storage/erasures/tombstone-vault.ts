import * as v from "valibot";
import type { Micros } from "../../model/time/time";
import { SUBJECT_KINDS, type Subject } from "./subject";

/**
 * What a restored database must get back, outside D1 (KV, binding `KEYS`). KV is used because it is always bound,
 * unlike R2. It lacks fresh reads, which a restore does not need.
 *
 * - `tombstone:<erasure>:<n>` holds a `Tombstone`: only hashes and their salt.
 * - `tombstone-subject:<erasure>` holds what is erased, in plain text, only while the erasure is running.
 * - `tombstone-head` holds the latest mark; see restore-marks.ts.
 */
const TombstoneSchema = v.object({
  v: v.literal(1),
  erasure: v.string(),
  kind: v.picklist(SUBJECT_KINDS),
  salt: v.string(),
  hashes: v.array(v.string()),
  before: v.number(),
});

export type Tombstone = v.InferOutput<typeof TombstoneSchema>;

/** The prefix of everything here in KV. Whatever cleans KV up must leave it. */
export const VAULT_PREFIX = "tombstone";

const TOMBSTONES = `${VAULT_PREFIX}:`;
const SUBJECTS = `${VAULT_PREFIX}-subject:`;
const HEAD = `${VAULT_PREFIX}-head`;

/** Tombstones in one page. Each takes two reads of KV. */
const PAGE = 100;

const RunningErasureSchema = v.object({
  kind: v.picklist(SUBJECT_KINDS),
  subject: v.string(),
  before: v.number(),
  requestedBy: v.nullable(v.string()),
  thorough: v.optional(v.boolean(), false),
});

/** An erasure that is running. */
export type RunningErasure = v.InferOutput<typeof RunningErasureSchema>;

/** The store of tombstones outside D1. All of its functions throw what KV throws. */
export interface TombstoneVault {
  /** @param part distinguishes the tombstones of one erasure; the same part replaces the tombstone */
  put(tombstone: Tombstone, part: string): Promise<void>;
  /** Some tombstones. @param cursor null for the first page */
  page(cursor: string | null): Promise<{ tombstones: Tombstone[]; next: string | null }>;
  /** Records what a running erasure erases, so that a restore does not lose it. */
  putSubject(erasure: string, running: RunningErasure): Promise<void>;
  /** Null if the erasure is done. */
  subject(erasure: string): Promise<RunningErasure | null>;
  removeSubject(erasure: string): Promise<void>;
  /** The latest mark. KV may return an older one for a minute. */
  head(): Promise<string | null>;
  putHead(mark: string): Promise<void>;
}

export function tombstoneVault(keys: KVNamespace): TombstoneVault {
  return {
    async put(tombstone, part) {
      await keys.put(`${TOMBSTONES}${tombstone.erasure}:${part}`, JSON.stringify(tombstone));
    },
    async page(cursor) {
      const page: KVNamespaceListResult<unknown, string> = await keys.list({
        prefix: TOMBSTONES,
        cursor,
        limit: PAGE,
      });
      const texts = await Promise.all(page.keys.map(({ name }) => keys.get(name)));
      const tombstones = texts.flatMap((text) => (text === null ? [] : [v.parse(TombstoneSchema, JSON.parse(text))]));
      return { tombstones, next: page.list_complete ? null : page.cursor };
    },
    async putSubject(erasure, running) {
      await keys.put(`${SUBJECTS}${erasure}`, JSON.stringify(running));
    },
    async subject(erasure) {
      const text = await keys.get(`${SUBJECTS}${erasure}`);
      return text === null ? null : v.parse(RunningErasureSchema, JSON.parse(text));
    },
    async removeSubject(erasure) {
      await keys.delete(`${SUBJECTS}${erasure}`);
    },
    head: () => keys.get(HEAD),
    async putHead(mark) {
      await keys.put(HEAD, mark);
    },
  };
}

/** @param hashes of subjects of one kind */
export function tombstoneOf(
  { id, before }: { id: string; before: Micros },
  kind: Subject["kind"],
  salt: string,
  hashes: string[],
): Tombstone {
  return { v: 1, erasure: id, kind, salt, hashes, before };
}
