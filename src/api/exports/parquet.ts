import { EVENT_COLUMNS } from "../../storage/archive/file/columns";
import { ArchiveFileWriter } from "../../storage/archive/file/file-writer";
import type { FoundEvent } from "../../storage/events/named-events";
import type { ExportFormat } from "./export-stream";

/** The footer's key for the number of events and the next part, which other formats have in their last line. */
const EXPORT_NOTE = "the_eye.export";

/** Writes an export as one Parquet file with the archive's columns. Only one row group is in memory at a time. */
export function parquetFormat(): ExportFormat {
  const file = new ArchiveFileWriter<FoundEvent>(EVENT_COLUMNS);
  return {
    begin: () => file.takeBytes(),
    lines(events) {
      for (const event of events) file.add(event);
      return file.takeBytes();
    },
    end(events, next) {
      file.finish([{ key: EXPORT_NOTE, value: JSON.stringify({ events, next }) }]);
      return file.takeBytes();
    },
  };
}
