import type { ArchivedEvent } from "./file/archived-rows";
import type { GroupColumns } from "./file/file-reader";

/** The complete events of some rows of a row group. */
export async function eventsAt(columns: GroupColumns, rows: readonly number[]): Promise<ArchivedEvent[]> {
  if (rows.length === 0) return [];
  const [occurredAt, receivedAt, session, id, application, category, name, visitor, data, context, extra] =
    await Promise.all([
      columns.numbers("occurred_at"),
      columns.numbers("received_at"),
      columns.texts("session_id"),
      columns.texts("id"),
      columns.texts("application"),
      columns.texts("category"),
      columns.texts("name"),
      columns.optionalTexts("visitor_id"),
      columns.texts("data"),
      columns.optionalTexts("context"),
      columns.optionalTexts("extra"),
    ]);
  return rows.map((row) => ({
    session: session(row),
    id: id(row),
    application: application(row),
    category: category(row),
    name: name(row),
    occurredAt: occurredAt(row),
    receivedAt: receivedAt(row),
    data: data(row),
    context: context(row),
    extra: extra(row),
    visitor: visitor(row),
  }));
}

/** All events of a row group. */
export function allEvents(columns: GroupColumns): Promise<ArchivedEvent[]> {
  return eventsAt(
    columns,
    Array.from({ length: columns.group.rows }, (_, row) => row),
  );
}
