import type { Micros } from "../../model/time/time";
import type { Database } from "../core/databases";
import { codeBits } from "../core/error-codes";
import type { ErrorReference, Resolution } from "./rows";

/** The changes that replays make to errors. None changes their content, or what was counted when they failed. */

/** The claim on errors that are being moved to the archive. It is not a replay, and replays may not take these errors. */
export const ARCHIVE_CLAIM = "archive";

const CLAIM = `
UPDATE errors SET claimed_by = ?2
WHERE (received_at, id) IN (SELECT value ->> 0, value ->> 1 FROM json_each(?1)) AND resolved_at IS NULL
  AND (claimed_by IS NULL OR claimed_by IN (SELECT value FROM json_each(?3)))`;

const STATES = `
SELECT id, resolved_at, replay_id, claimed_by FROM errors
WHERE (received_at, id) IN (SELECT value ->> 0, value ->> 1 FROM json_each(?1))`;

export interface ErrorState {
  id: string;
  resolved_at: Micros | null;
  replay_id: string | null;
  claimed_by: string | null;
}

/**
 * Claims errors for a replay, if they are open and no other replay has claimed them.
 *
 * @param finished replays whose claims no longer count
 * @returns the current state of each error, by id
 * @throws what D1 throws
 */
export async function claimErrors(
  { binding }: Database,
  keys: ErrorReference[],
  replay: string,
  finished: string[] = [],
): Promise<Map<string, ErrorState>> {
  const asked = JSON.stringify(keys.map(({ receivedAt, id }) => [receivedAt, id]));
  const [, states] = await binding.batch<ErrorState>([
    binding.prepare(CLAIM).bind(asked, replay, JSON.stringify(finished)),
    binding.prepare(STATES).bind(asked),
  ]);
  return new Map((states?.results ?? []).map((state) => [state.id, state]));
}

/**
 * ?1: [[received_at, id, at, replay, session, event id, occurred_at, issues, codes], …]; the last two are null for a
 * resolved error.
 */
const RESOLVED = `
SELECT value ->> 0 AS received_at, value ->> 1 AS id, value ->> 2 AS at, value ->> 3 AS replay, value ->> 4 AS session,
  value ->> 5 AS event_id, value ->> 6 AS occurred_at, value ->> 7 AS issues, value ->> 8 AS codes
FROM json_each(?1)`;

const RESOLVE = `
UPDATE errors SET resolved_at = resolved.at, resolved_session = resolved.session, resolved_event_id = resolved.event_id,
  resolved_occurred_at = resolved.occurred_at, replayed_at = resolved.at, replay_id = resolved.replay, claimed_by = NULL
FROM (${RESOLVED} WHERE value ->> 7 IS NULL) AS resolved
WHERE errors.received_at = resolved.received_at AND errors.id = resolved.id AND errors.resolved_at IS NULL`;

const RENEW_ISSUES = `
UPDATE errors SET issues = resolved.issues, codes = resolved.codes, replayed_at = resolved.at, replay_id = resolved.replay,
  claimed_by = NULL
FROM (${RESOLVED} WHERE value ->> 7 IS NOT NULL) AS resolved
WHERE errors.received_at = resolved.received_at AND errors.id = resolved.id AND errors.resolved_at IS NULL`;

/** The statements that resolve errors, for the transaction that also writes the resulting events. */
export function resolveStatements(binding: D1Database, resolutions: Resolution[]): D1PreparedStatement[] {
  if (resolutions.length === 0) return [];
  const text = JSON.stringify(
    resolutions.map(({ error, at, replay, outcome }) => [
      ...[error.receivedAt, error.id, at, replay],
      ...(outcome.kind === "resolved"
        ? [outcome.session, outcome.eventId, outcome.occurredAt, null, null]
        : [null, null, null, JSON.stringify(outcome.issues), codeBits(outcome.issues)]),
    ]),
  );
  return [RESOLVE, RENEW_ISSUES].map((statement) => binding.prepare(statement).bind(text));
}
