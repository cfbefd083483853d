import { schemaReference } from "../json-schema";
import { json, type OperationPlan } from "../operation";
import { pathParameter } from "../parameters";

const ALERT = {
  name: "shop-failures",
  application: "shop",
  threshold: { share: 0.05, at_least: 20 },
  window_minutes: 10,
  webhook: { url: "https://hooks.example.com/the-eye", format: "json" },
};

const MOMENT = "2026-01-01T00:00:00.000000Z";

const SHOWN = { ...ALERT, created_at: MOMENT, state: "ok", since: MOMENT };

const nameParameter = pathParameter("name", "The alert's name.", ALERT.name);

const shared = { tag: "Administration", scope: "admin", path: "/theeye/alerts" } as const;

export function alertOperations(): OperationPlan[] {
  return [
    {
      ...shared,
      method: "post",
      operationId: "createAlert",
      summary: "Create an alert",
      description:
        "Watches failed events, the storage, or a number of stored events (`metric`, `data`, and `above`, `below` or `change` compared with the same window of the last weeks). Alerts on events can be limited to an application, a category or an event name. It posts to a webhook once when the threshold is reached, and once when it is no longer reached. **The secret that signs the messages is shown only in this response.**",
      requestBody: {
        description: "One JSON object, with any content type, plain or gzip.",
        content: {
          "application/json": {
            schema: schemaReference("CreateAlert"),
            examples: {
              example: { summary: "5 % of a shop's events fail", value: ALERT },
              number: {
                summary: "A shop has half as many orders as usual at this hour of the week",
                value: {
                  ...ALERT,
                  name: "few-orders",
                  event_name: "order",
                  threshold: { metric: "events", change: 0.5, direction: "down", weeks: 4, at_least: 20 },
                  window_minutes: 60,
                },
              },
            },
          },
        },
      },
      answers: [
        {
          status: 201,
          description: "The alert is created. The response contains its secret.",
          headers: {
            Location: { description: "The alert, relative to the requested URL.", schema: { type: "string" } },
          },
          content: json("NewAlert", { ...SHOWN, secret: `eye_s_${"x".repeat(43)}` }),
        },
      ],
      problems: ["invalid_json", "invalid_parameter", "payload_too_large", "unsupported_encoding", "conflict"],
    },
    {
      ...shared,
      method: "get",
      operationId: "listAlerts",
      summary: "List alerts",
      description: "Lists all alerts by name, each with its state.",
      answers: [{ status: 200, description: "The alerts.", content: json("AlertList", { results: [SHOWN] }) }],
    },
    {
      ...shared,
      method: "get",
      path: "/theeye/alerts/{name}",
      operationId: "showAlert",
      summary: "Show an alert",
      description: "Returns an alert with its newest messages and their delivery status.",
      parameters: [nameParameter],
      answers: [{ status: 200, description: "The alert.", content: json("AlertDetail", { ...SHOWN, deliveries: [] }) }],
      problems: ["not_found"],
    },
    {
      ...shared,
      method: "delete",
      path: "/theeye/alerts/{name}",
      operationId: "deleteAlert",
      summary: "Delete an alert",
      description: "Deletes an alert and its messages, including messages that were not delivered yet.",
      parameters: [nameParameter],
      answers: [{ status: 204, description: "The alert is deleted." }],
      problems: ["not_found"],
    },
  ];
}
