import { warningsOf } from "../../../../ingest/event-warnings";
import {
  MAX_BODY_BYTES,
  MAX_EVENT_BYTES,
  MAX_EVENTS_PER_REQUEST,
  MAX_IDEMPOTENCY_KEY_CHARACTERS,
} from "../../../../model/limits";
import { schemaReference } from "../json-schema";
import { json, type OperationPlan } from "../operation";
import { FULL_SAMPLE, SAMPLE_EVENTS, SAMPLE_IDS } from "../sample-events";

export function ingestOperations(): OperationPlan[] {
  const lines = SAMPLE_EVENTS.map((event) => JSON.stringify(event)).join("\n");
  return [
    {
      method: "post",
      path: "/theeye/events",
      operationId: "sendEvents",
      tag: "Ingest",
      summary: "Send events",
      description: `Accepts one event, an array of events, or one event on each line (NDJSON), with any content type. The response is sent once the queue has durably stored them all. Validation and storage follow within seconds.

- A request can contain at most ${MAX_EVENTS_PER_REQUEST} events and ${MAX_BODY_BYTES} bytes after decompression.
- gzip is detected, with or without its header.
- An event with an \`id\` that its session already has is a duplicate and is not stored again, however late it arrives.
- An invalid event (or one larger than ${MAX_EVENT_BYTES} bytes) does not affect the others: it is stored among the errors with all its issues.
- The same applies to a line of NDJSON that is not JSON: it is stored as text with the issue \`event_invalid\`, which gives the column. A line that is not UTF-8 is one of them. A body is NDJSON if its content type is NDJSON or if its first line begins with \`{\` and at least one such line is a JSON object. Any other body that is not JSON is refused as a whole.
- Members that are not part of \`Event\` are stored too, and returned under \`extra\`.`,
      scope: "write",
      parameters: [
        {
          name: "dry_run",
          in: "query",
          description:
            "1 validates the events immediately, by the rules that are in force, and stores nothing. Duplicates and ids that are already used are not detected. Members that are not part of `Event` are listed as warnings.",
          required: false,
          schema: { type: "integer", enum: [0, 1], examples: [1] },
        },
        {
          name: "Idempotency-Key",
          in: "header",
          description:
            "Gives the events that have no id the same ids whenever the request is repeated, so that retries are safe.",
          required: false,
          schema: {
            type: "string",
            minLength: 1,
            maxLength: MAX_IDEMPOTENCY_KEY_CHARACTERS,
            examples: ["3f0c7d52-batch-17"],
          },
        },
        {
          name: "Content-Encoding",
          in: "header",
          description: "The compression of the body.",
          required: false,
          schema: { type: "string", enum: ["gzip", "identity"] },
        },
      ],
      requestBody: {
        description: "The events. Any content type is accepted; beacons send `text/plain`.",
        content: {
          "application/json": {
            schema: { anyOf: [schemaReference("Event"), schemaReference("EventBatch")] },
            examples: {
              one: { summary: "One event", value: SAMPLE_EVENTS[0] },
              batch: { summary: "Three events of one session and one microsecond", value: SAMPLE_EVENTS },
              withId: { summary: "An event with its own id", value: { ...SAMPLE_EVENTS[0], id: SAMPLE_IDS[0] } },
              full: {
                summary: "An event with a visitor, a context and an additional member; its timestamp is a number",
                value: FULL_SAMPLE,
              },
            },
          },
          "application/x-ndjson": {
            schema: { type: "string" },
            examples: { lines: { summary: "One event on each line", value: lines } },
          },
          "text/plain": {
            schema: { type: "string" },
            examples: { beacon: { summary: "As sent by a beacon", value: JSON.stringify(SAMPLE_EVENTS[0]) } },
          },
        },
      },
      answers: [
        {
          status: 200,
          description: "Only with `dry_run=1`: the validation result of each event.",
          content: json(
            "DryRun",
            {
              results: [
                { ok: true },
                {
                  ok: true,
                  warnings: warningsOf({ ...SAMPLE_EVENTS[0], userId: "visitor-81f2" }),
                },
                {
                  ok: false,
                  issues: [{ code: "data_invalid", path: "/data", message: 'expected a JSON object, found ""' }],
                },
              ],
            },
            "Two events are valid, one of them with a warning; one is invalid",
          ),
        },
        {
          status: 202,
          description: "The queue has stored all events.",
          content: json("Accepted", { accepted: SAMPLE_IDS.length, ids: SAMPLE_IDS }, "Three events accepted"),
        },
      ],
      problems: [
        "invalid_json",
        "empty_batch",
        "invalid_parameter",
        "too_many_events",
        "payload_too_large",
        "unsupported_encoding",
        "rate_limited",
      ],
    },
  ];
}
