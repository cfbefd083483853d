import type { ArchivedError } from "../file/archived-rows";
import type { GroupColumns } from "../file/file-reader";

/** The errors in some rows of a row group, with all columns. */
export async function errorsAt(columns: GroupColumns, rows: readonly number[]): Promise<ArchivedError[]> {
  if (rows.length === 0) return [];
  const [receivedAt, id, issues, parts, resolvedAt, resolvedOccurredAt, replayedAt] = await Promise.all([
    columns.numbers("received_at"),
    columns.texts("id"),
    columns.texts("issues"),
    columns.numbers("parts"),
    columns.optionalNumbers("resolved_at"),
    columns.optionalNumbers("resolved_occurred_at"),
    columns.optionalNumbers("replayed_at"),
  ]);
  const [application, session, category, name, eventId, content, resolvedSession, resolvedEventId, replayId] =
    await Promise.all(
      [
        ...(["application", "session_id", "category", "name", "event_id", "content"] as const),
        ...(["resolved_session", "resolved_event_id", "replay_id"] as const),
      ].map((column) => columns.optionalTexts(column)),
    );
  return rows.map((row) => ({
    id: id(row),
    receivedAt: receivedAt(row),
    application: application?.(row) ?? null,
    session: session?.(row) ?? null,
    category: category?.(row) ?? null,
    name: name?.(row) ?? null,
    eventId: eventId?.(row) ?? null,
    issues: issues(row),
    content: content?.(row) ?? null,
    parts: parts(row),
    resolvedAt: resolvedAt(row),
    resolvedSession: resolvedSession?.(row) ?? null,
    resolvedEventId: resolvedEventId?.(row) ?? null,
    resolvedOccurredAt: resolvedOccurredAt(row),
    replayedAt: replayedAt(row),
    replayId: replayId?.(row) ?? null,
  }));
}

/** All errors of a row group. */
export function allErrors(columns: GroupColumns): Promise<ArchivedError[]> {
  return errorsAt(
    columns,
    Array.from({ length: columns.group.rows }, (_, row) => row),
  );
}
