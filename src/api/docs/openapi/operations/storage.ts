import { json, type OperationPlan } from "../operation";

const shared = { tag: "Administration", scope: "admin" } as const;

const PARTITION = {
  partition: 12,
  start: "2026-01-01T00:00:00.000000Z",
  end: "2026-01-02T00:00:00.000000Z",
  state: "dropped",
  databases: [0],
  events: 0,
  archived_events: 8_640_000,
  archived_bytes: 432_000_000,
  files: 24,
  copied_events: 8_640_000,
  failure: null,
} as const;

const DATABASE = {
  database: 0,
  bytes: 4_300_000_000,
  events: 25_920_000,
  events_of_last_day: 8_640_000,
  oldest: "2026-01-02T00:00:00.000000Z",
  days_left: 4,
};

export function storageOperations(): OperationPlan[] {
  return [
    {
      ...shared,
      method: "get",
      path: "/theeye/storage",
      operationId: "showStorage",
      summary: "Show the storage",
      description:
        "Returns the databases and partitions with their sizes and states. A partition is `open`, `sealed` (its events are being copied to the archive), `archived`, or `dropped` (its events are only in the archive).",
      answers: [
        {
          status: 200,
          description: "What is stored.",
          content: json("Storage", {
            ...{ archive: true, databases: [DATABASE], partitions: [PARTITION], deletions: [] },
            archived_errors: { errors: 41_200, bytes: 3_900_000, files: 24 },
          }),
        },
      ],
    },
    {
      ...shared,
      method: "post",
      path: "/theeye/storage/compact",
      operationId: "compactStorage",
      summary: "Compact now, on a developer's machine",
      description:
        "Runs the work that the cron does each minute: partitions whose hot window is over move to the archive, step by step. A deployment refuses this request.",
      answers: [
        { status: 200, description: "The completed work.", content: json("Compaction", { steps: [], is_done: true }) },
      ],
    },
  ];
}
