/** The methods of the R2 bucket `ARCHIVE` that are used, so that a simulation can make any of them fail. */
export type ArchiveBucket = Pick<R2Bucket, "get" | "put" | "delete" | "list">;

/** The binding, or null if the deployment has no archive. */
export function archiveOf(env: { ARCHIVE?: ArchiveBucket }): ArchiveBucket | null {
  return env.ARCHIVE ?? null;
}

/** An object in the manifest does not exist: its file was rewritten or removed after the manifest was read. */
export class ArchiveFileGone extends Error {
  constructor(readonly key: string) {
    super(`the archive file ${key} is gone`);
  }
}
