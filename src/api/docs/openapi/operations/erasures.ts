import { EraseParameters, ErasuresParameters } from "../../../erasures/erasure-schemas";
import { type Answer, json, type OperationPlan } from "../operation";
import { pathParameter, queryParameters } from "../parameters";
import { SAMPLE_SESSION } from "../sample-events";

const ERASURE = {
  id: "1f6b6f3e-5a57-4f0c-9d57-0b6f2c1f4a11",
  kind: "session",
  status: "done",
  requested_at: "2021-01-01T10:00:00.000000Z",
  requested_by: null,
  updated_at: "2021-01-01T10:01:02.000000Z",
  ...{ steps: 2, sessions: 1, events: 3, errors: 0, thorough: false, waiting: null, copies: null },
};

const BEGUN: Answer = {
  status: 202,
  description:
    "The erasure is recorded. Everything received before can no longer be stored. Deletion continues in the background.",
  headers: {
    Location: { description: "The erasure to follow, relative to the requested URL.", schema: { type: "string" } },
  },
  content: json("Erasure", { ...ERASURE, status: "running", steps: 0, sessions: 0, events: 0 }),
};

const shared = { tag: "Administration", scope: "admin" } as const;

/** Erasing the data of a session or a visitor. */
export function erasureOperations(): OperationPlan[] {
  return [
    {
      ...shared,
      method: "delete",
      path: "/theeye/sessions/{id}",
      operationId: "eraseSession",
      summary: "Erase a session",
      description:
        "Erases the session's events and errors that were received before the request, both stored ones and those still in a queue. New events of the same session are stored as usual. Numbers of events stay, because they identify nobody. docs/erasure-and-export.md describes what remains and for how long. With `thorough=1` the erasure is done only when no copies of events remain in the tables of partitions; these move to the archive first, which `waiting` shows.",
      parameters: [pathParameter("id", "The session's id.", SAMPLE_SESSION), ...queryParameters(EraseParameters)],
      answers: [BEGUN],
      problems: ["not_found", "invalid_parameter"],
    },
    {
      ...shared,
      method: "delete",
      path: "/theeye/visitors/{id}",
      operationId: "eraseVisitor",
      summary: "Erase a visitor",
      description:
        "Erases every session in which the visitor was seen, completely, and the errors that name the visitor, if they were received before the request. This includes events still in a queue, as for a session.",
      parameters: [pathParameter("id", "The visitor's id.", "visitor-1"), ...queryParameters(EraseParameters)],
      answers: [{ ...BEGUN, content: json("Erasure", { ...ERASURE, kind: "visitor", status: "running" }) }],
      problems: ["not_found", "invalid_parameter"],
    },
    {
      ...shared,
      method: "delete",
      path: "/theeye/errors/{id}",
      operationId: "eraseError",
      summary: "Erase an error",
      description: "Erases a failed event with its complete content. If it is delivered again, it is not stored.",
      parameters: [pathParameter("id", "The error's id.", "0c1d4c3e-2b7a-4d0e-8f5a-6c9b1a2d3e4f")],
      answers: [{ ...BEGUN, content: json("Erasure", { ...ERASURE, kind: "error", status: "running" }) }],
      problems: ["not_found", "invalid_parameter"],
    },
    {
      ...shared,
      method: "get",
      path: "/theeye/erasures",
      operationId: "listErasures",
      summary: "List erasures",
      description:
        "Lists erasures, newest first: when and by whom they were requested, how much they erased, what they wait for if a step fails, and where copies may remain in the database's file, but not what is erased.",
      parameters: queryParameters(ErasuresParameters),
      answers: [
        {
          status: 200,
          description: "A page of erasures.",
          content: json("ErasurePage", { results: [ERASURE], next: null }, "A page"),
        },
      ],
      problems: ["invalid_parameter"],
    },
    {
      ...shared,
      method: "get",
      path: "/theeye/erasures/{id}",
      operationId: "showErasure",
      summary: "Show an erasure",
      description:
        "Returns the progress of an erasure, what it waits for if a step fails, and where copies may remain in the database's file until when.",
      parameters: [pathParameter("id", "The erasure's id.", ERASURE.id)],
      answers: [{ status: 200, description: "The erasure.", content: json("Erasure", ERASURE) }],
      problems: ["not_found"],
    },
  ];
}
