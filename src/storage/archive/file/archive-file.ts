import type { Micros } from "../../../model/time/time";

export type ArchiveKind = "events" | "errors";

/** A file of the archive, as its manifest row describes it. */
export interface ArchiveFile {
  /** 48 bits of the hash of its bytes, which identify the file in the session index. */
  id: number;
  kind: ArchiveKind;
  /** The object's name in R2. */
  key: string;
  /** The partition whose events it holds; 0 for errors. */
  partition: number;
  database: number;
  /** The start of its UTC hour in seconds since 1970, by timestamp for events and by receipt for errors. */
  hour: number;
  /** 0 for files copied from a partition's main lane. Higher for late events and for rewritten files. */
  generation: number;
  /** The first and the last timestamp in it. */
  first: Micros;
  last: Micros;
  rows: number;
  bytes: number;
  footerBytes: number;
  /** The session index has 2^level buckets for it. */
  indexLevel: number;
  /** The applications that have rows in it; null if unknown, for files of an earlier version. */
  applications: readonly string[] | null;
  /** False if its rows may still be in a late lane too. Readers treat those as copies. */
  finished: boolean;
}

/**
 * The name of an object. It contains the content's hash, so writing the same object twice changes nothing. DuckDB,
 * Spark and others read `day`, `hour` and `db` as partition columns.
 */
export function objectKey(kind: ArchiveKind, hour: number, database: number, sha256: string): string {
  const [day = "", time = ""] = new Date(hour * 1_000).toISOString().split("T");
  return `${kind}/day=${day}/hour=${time.slice(0, 2)}/db=${database}/${sha256.slice(0, 32)}.parquet`;
}

const OBJECT_KEY = /^(events|errors)\/day=(\d{4}-\d\d-\d\d)\/hour=(\d\d)\/db=(\d+)\/([0-9a-f]{32})\.parquet$/;

/** What the name of an object says; null: it is no file of the archive. */
export function readObjectKey(key: string): Pick<ArchiveFile, "id" | "kind" | "key" | "database" | "hour"> | null {
  const [, kind = "", day, hour, database, hash = ""] = OBJECT_KEY.exec(key) ?? [];
  if (kind !== "events" && kind !== "errors") return null;
  const start = Date.parse(`${day}T${hour}:00:00Z`) / 1_000;
  return { id: fileId(hash), kind, key, database: Number(database), hour: start };
}

/** The number of a file in the session index. */
export function fileId(sha256: string): number {
  return Number.parseInt(sha256.slice(0, 12), 16);
}
