/** What an archive file may hold. A Worker has 128 MB, and the compactor holds one file and one row group at a time. */
export interface FileLimits {
  /** Rows in a row group: what a page reads at least, some 400 KB. */
  groupRows: number;
  /** Characters of contents in a row group, for events that are much larger than usual. */
  groupCharacters: number;
  /** Row groups in a file, 63 at most: the session index has six bits for the number of one. */
  fileGroups: number;
  /** Bytes after which a file takes no further row group. */
  fileBytes: number;
}

/** 480,000 rows are about 25 MB. */
export const FILE_LIMITS: FileLimits = {
  groupRows: 10_000,
  groupCharacters: 8_000_000,
  fileGroups: 48,
  fileBytes: 24_000_000,
};

/** Different types (application, category, name) whose row groups a file's footer lists. Beyond that it lists none. */
export const MAX_LISTED_TYPES = 2_000;
