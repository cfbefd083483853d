import { MAX_PREVIEWED_ERRORS } from "../../../../model/replay";
import { ErrorSummaryParameters } from "../../../errors/error-summary";
import { ReceiptParameters } from "../../../events/receipts";
import { CreateReplayParameters, ReplaysParameters } from "../../../replays/replay-schemas";
import { schemaReference } from "../json-schema";
import { json, NEXT_PAGE, type OperationPlan } from "../operation";
import { pathParameter, queryParameters } from "../parameters";
import { FAILED_SAMPLE, SAMPLE_IDS, SAMPLE_SESSION, STORED_SAMPLES } from "../sample-events";

const REPAIR = {
  edits: [
    { op: "rename", path: "/ts", to: "/timestamp" },
    { op: "cast", path: "/timestamp", type: "timestamp" },
    { op: "set", path: "/data", value: {} },
  ],
};

const REPLAY = {
  id: "9c1f0d52-6f0e-4a3b-8c55-2d9b1f7e3a60",
  status: "done",
  created_at: "2021-01-01T10:00:00.000000Z",
  updated_at: "2021-01-01T10:00:02.000000Z",
  filter: { code: "data_invalid", application: "demo", end_date: "2021-01-01T10:00:00.000000Z" },
  ids: null,
  repair: REPAIR,
  ...{ steps: 2, matched: 131, stored: 128, failing: 3, skipped: 0 },
  reached: null,
};

const [STORED] = STORED_SAMPLES;

const replayId = pathParameter("id", "The replay's id.", REPLAY.id);

const bodyProblems = ["invalid_json", "invalid_parameter", "payload_too_large", "unsupported_encoding"] as const;

/** Operations to monitor failures, find the status of an event, and fix failed events. */
export function errorOperations(): OperationPlan[] {
  return [
    {
      method: "get",
      path: "/theeye/errors/summary",
      operationId: "summariseErrors",
      tag: "Errors",
      scope: "read",
      summary: "Summarise failures",
      description:
        "Returns failures by application, event type, code and path, most frequent first: their number, when they started, their course over time, the share of the type's traffic that fails, and a sample. The numbers are exact: they are counted as errors are written, and a replay does not change them. Without `start_date`, the range is the 24 hours before `end_date`.",
      parameters: queryParameters(ErrorSummaryParameters),
      answers: [
        {
          status: 200,
          description: "The most frequent failures.",
          content: json("ErrorSummary", {
            start: "2021-01-01T00:00:00.000000Z",
            end: "2021-01-01T03:00:00.000000Z",
            step_seconds: 3600,
            results: [
              {
                ...{ application: "demo", category: "page interaction", name: "pageview" },
                ...{ code: "data_invalid", path: "/data", count: 131 },
                first_seen: "2021-01-01T01:00:00.000000Z",
                last_seen: "2021-01-01T02:00:00.000000Z",
                over_time: [0, 90, 41],
                traffic: { failed: 131, stored: 393 },
                share: 0.25,
                sample: { id: FAILED_SAMPLE.id, url: `../../theeye/errors/${FAILED_SAMPLE.id}` },
              },
            ],
            complete: true,
          }),
        },
      ],
      problems: ["invalid_parameter"],
    },
    {
      method: "post",
      path: "/theeye/errors/replay",
      operationId: "replayErrors",
      tag: "Errors",
      scope: "admin",
      summary: "Replay failed events",
      description: `Processes the events of open errors again, fixed by \`repair\` or unchanged, with their original id, application and time of receipt. An event that is now valid takes its place in its session, and its error becomes \`resolved\`. One that still fails stays an error, with its newest issues. Repeating a replay, or replaying while events arrive, stores nothing twice.

With \`dry_run=1\` the response is a preview of at most ${MAX_PREVIEWED_ERRORS} errors, fewer if they are large. An event is skipped, with the reason, if the repair does not apply to it or exceeds a limit. Without \`dry_run\`, the replay runs in the background, and \`GET /theeye/replays/{id}\` returns its progress. Errors that arrive after the request are not included. Errors in the archive are not reached: a request that names them, or whose range ends before the newest of them, is refused with \`archived_errors\`. Events are validated by the rules that exist when the replay is created, including those that are not in force yet.`,
      parameters: queryParameters(CreateReplayParameters, { dry_run: "1" }),
      requestBody: {
        description: "One JSON object with `filter` or `ids`, and optionally a `repair`.",
        content: {
          "application/json": {
            schema: schemaReference("CreateReplay"),
            examples: {
              edits: {
                summary: "Fix a release's broken timestamps and empty payloads",
                value: { filter: { application: "demo", code: "data_invalid" }, repair: REPAIR },
              },
              shift: {
                summary: "Correct clocks that run ahead, by the time of sending",
                value: {
                  filter: { code: "timestamp_in_future" },
                  repair: {
                    edits: [{ op: "shift", path: "/timestamp", from: "/context/sent_at", to: "/received_at" }],
                  },
                },
              },
              patch: {
                summary: "With a JSON Patch (RFC 6902)",
                value: {
                  filter: { category: "page interaction", name: "pageview", start_date: "2021-01-01" },
                  repair: { patch: [{ op: "replace", path: "/data", value: {} }] },
                },
              },
              ids: {
                summary: "Unchanged, by id, after a wrong schema was corrected",
                value: { ids: [FAILED_SAMPLE.id] },
              },
            },
          },
        },
      },
      answers: [
        {
          status: 200,
          description: "The preview, with `dry_run=1`.",
          content: json("ReplayPreview", {
            ...{ examined: 3, would_pass: 2, would_fail: 1, would_skip: 0, complete: true },
            failures: [{ code: "timestamp_invalid", path: "/timestamp", count: 1 }],
            samples: [
              {
                id: FAILED_SAMPLE.id,
                verdict: "fail",
                event: { ...FAILED_SAMPLE.event, data: {} },
                issues: [FAILED_SAMPLE.issues[1]],
              },
            ],
          }),
        },
        {
          status: 202,
          description: "The replay is created.",
          headers: {
            Location: { description: "The replay, relative to the requested URL.", schema: { type: "string" } },
          },
          content: json("Replay", { ...REPLAY, status: "running", steps: 0, matched: 0, stored: 0, failing: 0 }),
        },
      ],
      problems: [...bodyProblems, "archived_errors", "rate_limited"],
    },
    {
      method: "get",
      path: "/theeye/errors/{id}",
      operationId: "showError",
      tag: "Errors",
      scope: "read",
      summary: "Show a failed event",
      description: "Returns one error as the list shows it: the complete event, its issues and its status.",
      parameters: [pathParameter("id", "The error's id.", FAILED_SAMPLE.id)],
      answers: [{ status: 200, description: "The error.", content: json("StoredError", FAILED_SAMPLE) }],
      problems: ["invalid_parameter", "not_found"],
    },
    {
      method: "get",
      path: "/theeye/replays",
      operationId: "listReplays",
      tag: "Errors",
      scope: "read",
      summary: "List replays",
      description: "Lists replays, newest first.",
      parameters: queryParameters(ReplaysParameters),
      answers: [
        {
          status: 200,
          description: "A page of replays.",
          headers: NEXT_PAGE,
          content: json("ReplayPage", { results: [REPLAY], next: null }),
        },
      ],
      problems: ["invalid_parameter"],
    },
    {
      method: "get",
      path: "/theeye/replays/{id}",
      operationId: "showReplay",
      tag: "Errors",
      scope: "read",
      summary: "Show a replay",
      description: "Returns the progress of a replay.",
      parameters: [replayId],
      answers: [{ status: 200, description: "The replay.", content: json("Replay", REPLAY) }],
      problems: ["not_found"],
    },
    {
      method: "post",
      path: "/theeye/replays/{id}/resume",
      operationId: "resumeReplay",
      tag: "Errors",
      scope: "admin",
      summary: "Resume a replay",
      description:
        "Requests the next step again, if a replay has stopped. Harmless while it is running: a step counts once.",
      parameters: [replayId],
      answers: [
        { status: 202, description: "The replay. Its next step is requested.", content: json("Replay", REPLAY) },
      ],
      problems: ["not_found", "rate_limited"],
    },
    {
      method: "post",
      path: "/theeye/replays/{id}/cancel",
      operationId: "cancelReplay",
      tag: "Errors",
      scope: "admin",
      summary: "Cancel a replay",
      description:
        "Cancels a running replay. Stored events stay. A running step is completed and counted, or dropped if it fails; no other step starts. Harmless if the replay has already ended.",
      parameters: [replayId],
      answers: [{ status: 200, description: "The replay.", content: json("Replay", REPLAY) }],
      problems: ["not_found"],
    },
    {
      method: "get",
      path: "/theeye/receipts",
      operationId: "showReceipt",
      tag: "Errors",
      scope: "read",
      summary: "Look up an event's status",
      description:
        "Returns the status of an event that was answered with 202, by its session and id. The sending application's **write** key works as well as a read key; for events of other applications the status is `unknown`.",
      parameters: queryParameters(ReceiptParameters, { session_id: SAMPLE_SESSION, id: SAMPLE_IDS[0] }),
      answers: [
        {
          status: 200,
          description: "The status of the event.",
          content: json("Receipt", {
            ...{ session_id: SAMPLE_SESSION, id: SAMPLE_IDS[0], status: "stored", failures: [] },
            stored: {
              ...{ position: 1, application: "demo", events: 1 },
              timestamp: STORED?.timestamp,
              received_at: STORED?.received_at,
            },
          }),
        },
      ],
      problems: ["invalid_parameter"],
    },
  ];
}
