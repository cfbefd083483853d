import { version } from "../../../../package.json";
import { problemPage } from "../problem-pages";
import { json, type OperationPlan } from "./operation";
import { ALL_CODES } from "./schemas";

const shared = { method: "get", tag: "Service", scope: null } as const;

export function serviceOperations(): OperationPlan[] {
  return [
    {
      ...shared,
      path: "/health",
      operationId: "showHealth",
      summary: "Is it well?",
      description:
        "Without a key: that the service answers, and its version. With an admin key: also each dependency, and how much waits in the queues.",
      scope: "admin",
      keyOptional: true,
      answers: [
        {
          status: 200,
          description: "It is well.",
          content: json("Health", { status: "ok", version }, "Without a key"),
        },
        {
          status: 503,
          description: "A dependency fails.",
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
      summary: "What time is it?",
      description:
        "The client library asks this once a session, to correct a wrong clock. Pages of any origin may read the answer. With `session_id`, `id` and `key` it answers as `/theeye/receipts` does. `POST /eye` is `POST /theeye/events`, and `GET /eye.js` the client library as a script.",
      answers: [{ status: 204, description: "The time, in the header `Date`." }],
    },
    {
      ...shared,
      path: "/problems/{code}",
      operationId: "explainCode",
      summary: "What does this code mean?",
      description: "Explains a code of a refused request or of an event that failed, and how to fix it.",
      parameters: [
        {
          name: "code",
          in: "path",
          description: "The code.",
          required: true,
          schema: { type: "string", enum: [...ALL_CODES] },
          example: "data_invalid",
        },
      ],
      answers: [{ status: 200, description: "The code.", content: json("Code", problemPage("data_invalid")) }],
      problems: ["not_found"],
    },
    {
      ...shared,
      path: "/openapi.json",
      operationId: "showDocument",
      summary: "This document",
      description: "The description of this interface, as OpenAPI 3.1.",
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
      description: "The interactive reference of this interface.",
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
