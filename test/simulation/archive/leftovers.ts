import { env } from "cloudflare:workers";
import type { Database } from "../../../src/storage/core/databases";
import { archiveFiles } from "./archived-lanes";

/** Objects of the archive, and entries of the session index, that belong to no file, and files without their object. */
export async function leftovers(databases: readonly Database[]): Promise<string[]> {
  const files = await archiveFiles(databases);
  const objects = new Set((await env.ARCHIVE.list()).objects.map(({ key }) => key));
  const keys = new Set(files.map(({ key }) => key));
  const ids = new Set(files.map(({ id }) => id));
  const indexed = await Promise.all(
    databases.map(async ({ binding }) => {
      const { results } = await binding
        .prepare("SELECT DISTINCT file_id AS id FROM archive_index")
        .all<{ id: number }>();
      return results.map(({ id }) => id);
    }),
  );
  return [
    ...[...objects].filter((key) => !keys.has(key)).map((key) => `the object ${key} belongs to no file`),
    ...[...keys].filter((key) => !objects.has(key)).map((key) => `the file ${key} has no object`),
    ...[...new Set(indexed.flat())]
      .filter((id) => !ids.has(id))
      .map((id) => `the session index names a file ${id} that is not there`),
  ];
}
