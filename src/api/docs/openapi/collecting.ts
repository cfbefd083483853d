import { warningsOf } from "../../../ingest/event-warnings";
import {
  MAX_BODY_BYTES,
  MAX_EVENT_BYTES,
  MAX_EVENTS_PER_REQUEST,
  MAX_IDEMPOTENCY_KEY_CHARACTERS,
} from "../../../model/limits";
import { schemaReference } from "./json-schema";
import { json, type OperationPlan } from "./operation";
import { FULL_SAMPLE, SAMPLE_EVENTS, SAMPLE_IDS } from "./sample-events";

export function collectingOperations(): OperationPlan[] {
  const lines = SAMPLE_EVENTS.map((event) => JSON.stringify(event)).join("\n");
  return [
    {
      method: "post",
      path: "/theeye/events",
      operationId: "sendEvents",
      tag: "Collecting",
      summary: "Send events",
      description: `Takes one event, an array of events, or one event a line (NDJSON), whatever the content type says. The answer comes once the queue has durably taken them all; checking and storing follow within seconds.

- A request holds at most ${MAX_EVENTS_PER_REQUEST} events and ${MAX_BODY_BYTES} bytes after decompression.
- gzip is understood, with or without its header.
- An event with an \`id\` that its session knows already is the same event, however late it comes again.
- An event that is not valid (or larger than ${MAX_EVENT_BYTES} bytes) harms no other: it is kept among the errors with all its issues.
- So does a line of NDJSON that is not JSON: it is kept as its text and fails with \`event_invalid\`, which names the column. A body is NDJSON if its content type says so or its first line is a JSON object. Any other body that is not JSON is refused as a whole.
- Members that \`Event\` does not name are kept as well, and returned under \`extra\`.`,
      scope: "write",
      parameters: [
        {
          name: "dry_run",
          in: "query",
          description:
            "1: validate the events as the pipeline would, at once, by the rules in force now, and store nothing. Duplicates and taken ids are not validated. Members that `Event` does not name are listed as warnings.",
          required: false,
          schema: { type: "integer", enum: [0, 1], examples: [1] },
        },
        {
          name: "Idempotency-Key",
          in: "header",
          description:
            "Gives events without an id the same ids whenever the request is sent again, so that it may be repeated safely.",
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
          description: "How the body is compressed.",
          required: false,
          schema: { type: "string", enum: ["gzip", "identity"] },
        },
      ],
      requestBody: {
        description: "The events. Any content type is taken; beacons send `text/plain`.",
        content: {
          "application/json": {
            schema: { anyOf: [schemaReference("Event"), schemaReference("EventBatch")] },
            examples: {
              one: { summary: "One event", value: SAMPLE_EVENTS[0] },
              batch: { summary: "Three events of one session and one microsecond", value: SAMPLE_EVENTS },
              withId: { summary: "An event with an id of its own", value: { ...SAMPLE_EVENTS[0], id: SAMPLE_IDS[0] } },
              full: {
                summary: "An event with a visitor, a context and a member of its own; its timestamp is a number",
                value: FULL_SAMPLE,
              },
            },
          },
          "application/x-ndjson": {
            schema: { type: "string" },
            examples: { lines: { summary: "One event a line", value: lines } },
          },
          "text/plain": {
            schema: { type: "string" },
            examples: { beacon: { summary: "As a beacon sends it", value: JSON.stringify(SAMPLE_EVENTS[0]) } },
          },
        },
      },
      answers: [
        {
          status: 200,
          description: "Only with `dry_run=1`: the verdict on each event.",
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
            "Two would be stored, one of them with a warning; one would not",
          ),
        },
        {
          status: 202,
          description: "The queue holds all of them.",
          content: json("Accepted", { accepted: SAMPLE_IDS.length, ids: SAMPLE_IDS }, "Three events taken"),
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
