import { type SQL, type SQLWrapper, sql } from "drizzle-orm";
import type { EventCode, Issue } from "../../model/codes";

/**
 * The bit of each code in `errors.codes`. Bits are stored, so one is never changed or reused. A new code takes the
 * next bit, and needs a migration that makes its index.
 */
export const CODE_BITS = {
  session_id_invalid: 1,
  category_invalid: 2,
  name_invalid: 4,
  data_invalid: 8,
  timestamp_invalid: 16,
  timestamp_in_future: 32,
  event_too_large: 64,
  event_invalid: 128,
  schema_violation: 256,
  unplanned_event: 512,
  id_conflict: 1024,
  delivery_failed: 2048,
} as const satisfies Record<EventCode, number>;

/** The codes of an error's issues, in the form of `errors.codes`. */
export function codeBits(issues: Issue[]): number {
  return issues.reduce((bits, { code }) => bits | CODE_BITS[code], 0);
}

/** The index of the errors with a code. */
export function codeIndex(code: EventCode): string {
  return `errors_with_${code}`;
}

/**
 * True for errors with a code. The bit is written out as in the code's index, because otherwise SQLite cannot use
 * that index.
 */
export function hasCode(codes: SQLWrapper, code: EventCode): SQL {
  return sql`${codes} & ${sql.raw(String(CODE_BITS[code]))} <> 0`;
}
