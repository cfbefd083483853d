/** What of the R2 bucket `ARCHIVE` is used, so that a simulation can let any of it fail. */
export type ArchiveBucket = Pick<R2Bucket, "get" | "put" | "delete" | "list">;

/** The binding, or null where the deployment has no archive. */
export function archiveOf(env: { ARCHIVE?: ArchiveBucket }): ArchiveBucket | null {
  return env.ARCHIVE ?? null;
}

/** An object that the manifest names is not there: a file was rewritten or removed since the manifest was read. */
export class ArchiveFileGone extends Error {
  constructor(readonly key: string) {
    super(`the archive file ${key} is gone`);
  }
}
