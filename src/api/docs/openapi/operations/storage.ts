import { MissingObjectsParameters } from "../../../admin/missing-objects";
import { json, type OperationPlan } from "../operation";
import { queryParameters } from "../parameters";

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

const MISSING = {
  object: "events/day=2026-01-01/hour=09/db=0/0f1e2d3c4b5a69788796a5b4c3d2e1f0.parquet",
  kind: "events",
  rows: 360_000,
  bytes: 18_000_000,
  first: "2026-01-01T09:00:00.000000Z",
  last: "2026-01-01T09:59:59.990000Z",
} as const;

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
    {
      ...shared,
      method: "get",
      path: "/theeye/storage/missing",
      operationId: "listMissingObjects",
      summary: "List missing objects of the archive",
      description:
        "Compares the archive's manifest with the bucket, 500 files a page, and returns those whose objects do not exist. Queries that need one answer 503, and erasures and retentions that need one wait.",
      parameters: queryParameters(MissingObjectsParameters),
      answers: [
        {
          status: 200,
          description: "A page. It may be empty although there is a next one.",
          content: json("MissingObjects", { results: [MISSING], next: null }),
        },
      ],
      problems: ["invalid_parameter"],
    },
    {
      ...shared,
      method: "post",
      path: "/theeye/storage/accept-loss",
      operationId: "acceptLoss",
      summary: "Accept the loss of an object",
      description:
        "Takes a missing object out of the archive's manifest, so that queries, erasures and retentions continue without it. It is listed under `deletions` of the storage. An object that exists is refused. Counts stay. If the rows are still in the databases, they move to the archive again.",
      requestBody: { description: "The object.", content: json("AcceptLoss", { object: MISSING.object }) },
      answers: [
        {
          status: 200,
          description: "What was lost.",
          content: json("AcceptedLoss", { ...MISSING, lost_rows: 360_000 }),
        },
      ],
      problems: ["invalid_json", "invalid_parameter", "not_found", "payload_too_large"],
    },
  ];
}
