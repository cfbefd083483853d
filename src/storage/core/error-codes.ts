import { type SQL, type SQLWrapper, sql } from "drizzle-orm";
import type { EventCode, Issue } from "../../model/codes";

/**
 * The bit of each code in `errors.codes`. They are stored: none is ever changed or used again. A new code takes the next
 * bit, and a migration that makes its index.
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

/** The codes of an error's issues, as `errors.codes` holds them. */
export function codeBits(issues: Issue[]): number {
  return issues.reduce((bits, { code }) => bits | CODE_BITS[code], 0);
}

/** The index that holds the errors with a code. */
export function codeIndex(code: EventCode): string {
  return `errors_with_${code}`;
}

/** True for errors with a code. Says it as the code's index does, the bit written out: or SQLite could not use that index. */
export function hasCode(codes: SQLWrapper, code: EventCode): SQL {
  return sql`${codes} & ${sql.raw(String(CODE_BITS[code]))} <> 0`;
}
