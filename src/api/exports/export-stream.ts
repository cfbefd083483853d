import type { FoundEvent } from "../../storage/events/named-events";
import type { ExportedEvents } from "../../storage/exports/export-events";
import type { EventKey } from "../../storage/scan/event-order";

/** Writes an export in one format. */
export interface ExportFormat {
  begin: () => Uint8Array;
  lines: (events: readonly FoundEvent[]) => Uint8Array;
  /** `next` is where the next part begins, or null. A file without this end is incomplete. */
  end: (events: number, next: string | null) => Uint8Array;
}

/** A format with one event on each line. */
export interface TextFormat {
  header: string;
  line: (event: FoundEvent) => string;
  trailer: (events: number, next: string | null) => string;
}

export function textFormat({ header, line, trailer }: TextFormat): ExportFormat {
  const encoder = new TextEncoder();
  return {
    begin: () => encoder.encode(header),
    lines(events) {
      let text = "";
      for (const event of events) text += line(event);
      return encoder.encode(text);
    },
    end: (events, next) => encoder.encode(trailer(events, next)),
  };
}

/**
 * Streams an export. Events are read only after the client has taken the previous ones, so memory stays flat even with a
 * slow client. A failure after the first bytes breaks the connection, and the file then has no end.
 *
 * @param first the result of the first read, awaited before the response starts, which can still be an error then
 * @param nextOf returns the URL of an export that starts at a position
 * @param logFailure is called with the error that aborted the stream
 */
export function exportStream(
  first: IteratorResult<ExportedEvents>,
  rest: AsyncGenerator<ExportedEvents>,
  format: ExportFormat,
  nextOf: (place: EventKey | null) => string | null,
  logFailure: (thrown: unknown) => void,
): ReadableStream<Uint8Array> {
  let result = first;
  let bytes = format.begin();
  let events = 0;
  let place: EventKey | null = null;
  return new ReadableStream<Uint8Array>({
    async pull(controller) {
      try {
        for (;;) {
          if (bytes.length > 0) {
            controller.enqueue(bytes);
            bytes = new Uint8Array();
            return;
          }
          if (result.done === true) {
            controller.enqueue(format.end(events, nextOf(place)));
            controller.close();
            return;
          }
          const { rows, next } = result.value;
          bytes = format.lines(rows);
          events += rows.length;
          place = next;
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
