import { EVENT_COLUMNS } from "../../storage/archive/file/columns";
import { ArchiveFileWriter } from "../../storage/archive/file/file-writer";
import type { FoundEvent } from "../../storage/events/find-events";
import type { ExportFormat } from "./export-stream";

/** Where the footer says how many events the file has and where the export goes on, as the last line of other formats does. */
const EXPORT_NOTE = "the_eye.export";

/** An export as one Parquet file with the columns of the archive's files. A row group is held in memory, and nothing else. */
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
