import { version } from "../../../../../package.json";
import { problemPage } from "../../problem-pages";
import { json, type OperationPlan } from "../operation";
import { ALL_CODES } from "../schemas";

const shared = { method: "get", tag: "Service", scope: null } as const;

export function serviceOperations(): OperationPlan[] {
  return [
    {
      ...shared,
      path: "/health",
      operationId: "showHealth",
      summary: "Check the health of the service",
      description:
        "Without a key, returns the status and the version. With an admin key, also returns the status of each dependency and the number of messages in the queues.",
      scope: "admin",
      keyOptional: true,
      answers: [
        {
          status: 200,
          description: "The service is healthy.",
          content: json("Health", { status: "ok", version }, "Without a key"),
        },
        {
          status: 503,
          description: "A dependency is failing.",
          content: json(
            "Health",
            {
              status: "degraded",
              version,
              dependencies: {
                KEYS: { status: "ok", ms: 4 },
                DB: { status: "failed", ms: 5000 },
                EVENTS: { status: "ok", ms: 7, backlog: { messages: 12, bytes: 48_210 } },
              },
            },
            "With an admin key",
          ),
        },
      ],
    },
    {
      ...shared,
      path: "/eye",
      operationId: "showTime",
      summary: "Get the server time",
      description:
        "The client library requests this once for each session to correct a wrong clock. Pages of any origin may read the response. With `session_id`, `id` and `key` it returns what `/theeye/receipts` returns. `POST /eye` is the same as `POST /theeye/events`, and `GET /eye.js` returns the client library as a script.",
      answers: [{ status: 204, description: "The time, in the header `Date`." }],
    },
    {
      ...shared,
      path: "/problems/{code}",
      operationId: "explainCode",
      summary: "Explain a code",
      description: "Explains a code of a refused request or of a failed event, and how to fix the cause.",
      parameters: [
        {
          name: "code",
          in: "path",
          description: "The code to explain.",
          required: true,
          schema: { type: "string", enum: [...ALL_CODES] },
          example: "data_invalid",
        },
      ],
      answers: [
        {
          status: 200,
          description: "The explanation of the code.",
          content: json("Code", problemPage("data_invalid")),
        },
      ],
      problems: ["not_found"],
    },
    {
      ...shared,
      path: "/openapi.json",
      operationId: "showDocument",
      summary: "This document",
      description: "Returns the description of this interface as OpenAPI 3.1.",
      answers: [
        {
          status: 200,
          description: "The document.",
          content: {
            "application/json": {
              schema: { type: "object", properties: { openapi: { type: "string" } }, required: ["openapi"] },
              examples: { example: { summary: "Its beginning", value: { openapi: "3.1.0" } } },
            },
          },
        },
      ],
    },
    {
      ...shared,
      path: "/",
      operationId: "showReference",
      summary: "This page",
      description: "Returns the interactive reference of this interface.",
      answers: [
        {
          status: 200,
          description: "The page.",
          content: {
            "text/html": {
              schema: { type: "string" },
              examples: { example: { summary: "Its beginning", value: "<!doctype html>" } },
            },
          },
        },
      ],
    },
  ];
}
