import type { FoundEvent } from "../../storage/events/find-events";
import type { ExportedEvents } from "../../storage/exports/export-events";
import type { EventKey } from "../../storage/scan/event-order";

/** How a format writes an export. */
export interface ExportFormat {
  begin: () => Uint8Array;
  lines: (events: readonly FoundEvent[]) => Uint8Array;
  /** `next` is where the export goes on, or null. A file without its end was cut off. */
  end: (events: number, next: string | null) => Uint8Array;
}

/** A format of lines. */
export interface TextFormat {
  header: string;
  line: (event: FoundEvent) => string;
  trailer: (events: number, next: string | null) => string;
}

export function textFormat({ header, line, trailer }: TextFormat): ExportFormat {
  const encoder = new TextEncoder();
  return {
    begin: () => encoder.encode(header),
    lines: (events) => encoder.encode(events.map(line).join("")),
    end: (events, next) => encoder.encode(trailer(events, next)),
  };
}

/**
 * Streams an export. The next events are read only once the client has taken those before them, so memory stays flat
 * however slow it is. A failure after the first bytes breaks the connection off: the file's end is missing then.
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
