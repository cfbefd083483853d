import type { FoundEvent } from "../../storage/events/find-events";
import type { ExportedEvents } from "../../storage/exports/export-events";
import type { EventKey } from "../../storage/scan/event-order";

/** How a format writes an export. */
export interface ExportFormat {
  header: string;
  line: (event: FoundEvent) => string;
  /** The last line. `next` is where the export continues, or null. A file without this line is incomplete. */
  trailer: (events: number, next: string | null) => string;
}

/**
 * Streams an export as text. More events are read only after the client has taken the earlier ones, so memory use
 * stays flat for slow clients. A failure after the first bytes aborts the connection, and the trailer is missing.
 *
 * @param first the result of the first read, awaited before the response starts, which can still be an error then
 * @param nextOf the URL of an export that starts at a place
 * @param logFailure is called with the error that aborted the stream
 */
export function exportStream(
  first: IteratorResult<ExportedEvents>,
  rest: AsyncGenerator<ExportedEvents>,
  format: ExportFormat,
  nextOf: (place: EventKey | null) => string | null,
  logFailure: (thrown: unknown) => void,
): ReadableStream<Uint8Array> {
  const encoder = new TextEncoder();
  let result = first;
  let text = format.header;
  let events = 0;
  let place: EventKey | null = null;
  return new ReadableStream<Uint8Array>({
    async pull(controller) {
      try {
        for (;;) {
          if (result.done === true) {
            controller.enqueue(encoder.encode(text + format.trailer(events, nextOf(place))));
            controller.close();
            return;
          }
          const { rows, next } = result.value;
          for (const row of rows) text += format.line(row);
          events += rows.length;
          place = next;
          if (text.length > 0) {
            controller.enqueue(encoder.encode(text));
            text = "";
            result = await rest.next();
            return;
          }
          result = await rest.next();
        }
      } catch (thrown) {
        logFailure(thrown);
        controller.error(new Error("The export was aborted."));
      }
    },
    async cancel() {
      await rest.return(undefined);
    },
  });
}
