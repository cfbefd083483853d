import { existsSync, linkSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import * as v from "valibot";

/** The archive of a local state as a folder of Parquet files. */
export interface LocalArchive {
  folder: string;
  /** Files by kind. */
  files: Record<"events" | "errors", number>;
  remove: () => void;
}

const ObjectsSchema = v.array(v.object({ key: v.string(), blob: v.nullable(v.string()) }));

/** The name of an object of the archive. */
const KEY = /^(events|errors)\/day=[0-9-]{10}\/hour=[0-9]{2}\/db=[0-9]+\/[0-9a-f]+\.parquet$/;

/**
 * Makes the objects of the local bucket readable under their names, as hard links beside the state. The local platform
 * stores objects in files with random names, and their names in SQLite. The service may run meanwhile.
 *
 * @returns null if there is no such state, or its bucket was never written to
 * @throws what the file system throws
 */
export function openLocalArchive(state: string, bucket: string): LocalArchive | null {
  const root = join(state, "v3", "r2");
  const objects = join(root, "miniflare-R2BucketObject");
  const blobs = join(root, bucket, "blobs");
  if (!existsSync(objects)) return null;
  const folder = mkdtempSync(join(state, "query-"));
  const remove = () => rmSync(folder, { recursive: true, force: true });
  const files = { events: 0, errors: 0 };
  try {
    for (const name of readdirSync(objects).filter((file) => file.endsWith(".sqlite") && file !== "metadata.sqlite")) {
      for (const { key, blob } of objectsIn(join(objects, name))) {
        const kind = KEY.exec(key)?.[1];
        if ((kind !== "events" && kind !== "errors") || blob === null || !existsSync(join(blobs, blob))) continue;
        const path = join(folder, ...key.split("/"));
        mkdirSync(dirname(path), { recursive: true });
        linkSync(join(blobs, blob), path);
        files[kind] += 1;
      }
    }
  } catch (thrown) {
    remove();
    throw thrown;
  }
  return { folder, files, remove };
}

function objectsIn(path: string): v.InferOutput<typeof ObjectsSchema> {
  const database = new DatabaseSync(path, { readOnly: true });
  try {
    const has = database.prepare("SELECT 1 FROM sqlite_master WHERE name = '_mf_objects'").get();
    if (has === undefined) return [];
    return v.parse(ObjectsSchema, database.prepare("SELECT key, blob_id AS blob FROM _mf_objects").all());
  } finally {
    database.close();
  }
}
