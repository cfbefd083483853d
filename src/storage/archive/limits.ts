/** The limits of an archive file. A Worker has 128 MB, and the compactor holds one file and one row group at a time. */
export interface FileLimits {
  /** Rows in a row group. A page reads at least one row group, about 400 KB. */
  groupRows: number;
  /** Characters of contents in a row group, for unusually large events. */
  groupCharacters: number;
  /** Row groups in a file, at most 63: the session index stores the number of one in six bits. */
  fileGroups: number;
  /** The size in bytes from which a file takes no further row group. */
  fileBytes: number;
}

/** 480,000 rows are about 25 MB. */
export const FILE_LIMITS: FileLimits = {
  groupRows: 10_000,
  groupCharacters: 8_000_000,
  fileGroups: 48,
  fileBytes: 24_000_000,
};

/**
 * The number of types (application, category, name) up to which a file's footer lists their row groups. With more,
 * it lists none.
 */
export const MAX_LISTED_TYPES = 2_000;
