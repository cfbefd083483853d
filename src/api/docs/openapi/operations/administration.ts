import { ApplicationsParameters } from "../../../admin/application-schemas";
import { schemaReference } from "../json-schema";
import { type Answer, json, type MediaType, NEXT_PAGE, type OperationPlan } from "../operation";
import { pathParameter, queryParameters } from "../parameters";
import type { SchemaName } from "../schemas";

const CREATED_AT = "2026-01-01T00:00:00.000000Z";

/** The application of the examples. They are sent in order: it is created first and deleted last. */
const APPLICATION = "shop";

const ORIGINS = ["https://www.example.com", "https://*.shop.example.com"];

const WRITE_KEY = {
  id: "7d1f5b0a-2c3e-4f6a-8b9c-0d1e2f3a4b5c",
  scope: "write",
  hint: "Wx4Q",
  created_at: CREATED_AT,
  origins: ORIGINS,
};
const READ_KEY = {
  id: "1a2b3c4d-5e6f-4a7b-9c8d-7e6f5a4b3c2d",
  scope: "read",
  hint: "k9Zs",
  created_at: CREATED_AT,
  applications: [APPLICATION],
};

const LISTED = { name: APPLICATION, created_at: CREATED_AT, origins: ORIGINS, keys: [WRITE_KEY, READ_KEY] };

const NOTICE = "This key reads the events and errors of every application.";

const shown = (key: { hint: string }, prefix: string) => ({ ...key, key: `${prefix}${"x".repeat(28)}${key.hint}` });

const nameParameter = pathParameter("name", "The application's name.", APPLICATION);

function body(name: SchemaName, examples: MediaType["examples"]): NonNullable<OperationPlan["requestBody"]> {
  return {
    description: "One JSON object, with any content type, plain or gzip.",
    content: { "application/json": { schema: schemaReference(name), examples } },
  };
}

function created(description: string, name: SchemaName, value: unknown): Answer {
  return {
    status: 201,
    description,
    headers: {
      Location: { description: "The application, relative to the requested URL.", schema: { type: "string" } },
    },
    content: json(name, value),
  };
}

const gone: Answer = {
  status: 204,
  description: "The keys are revoked. They stop working everywhere within about two minutes.",
};

const shared = { tag: "Administration", scope: "admin" } as const;

const bodyProblems = ["invalid_json", "invalid_parameter", "payload_too_large", "unsupported_encoding"] as const;

export function administrationOperations(): OperationPlan[] {
  return [
    {
      ...shared,
      method: "post",
      path: "/theeye/applications",
      operationId: "createApplication",
      summary: "Create an application",
      description:
        "Creates an application with a write key and a read key. **Each key is shown only in this response.** `origins` limits the write key to pages of these origins; `https://*.example.com` matches all subdomains. The read key can read every application; to limit it, rotate it with `applications`.",
      requestBody: body("CreateApplication", {
        example: { summary: "A web shop", value: { name: APPLICATION, origins: ORIGINS } },
      }),
      answers: [
        created("The application is created. The response contains its keys.", "NewApplication", {
          ...LISTED,
          keys: [shown(WRITE_KEY, "eye_w_"), { ...shown(READ_KEY, "eye_r_"), applications: null, notice: NOTICE }],
        }),
      ],
      problems: [...bodyProblems, "conflict"],
    },
    {
      ...shared,
      method: "get",
      path: "/theeye/applications",
      operationId: "listApplications",
      summary: "List applications",
      description: "Lists all applications by name. Each is listed with the public details of its keys.",
      parameters: queryParameters(ApplicationsParameters),
      answers: [
        {
          status: 200,
          description: "A page of applications.",
          headers: NEXT_PAGE,
          content: json("ApplicationPage", { results: [LISTED], next: null }),
        },
      ],
      problems: ["invalid_parameter"],
    },
    {
      ...shared,
      method: "get",
      path: "/theeye/applications/{name}",
      operationId: "showApplication",
      summary: "Show an application",
      description: "Returns an application with the public details of its keys.",
      parameters: [nameParameter],
      answers: [{ status: 200, description: "The application.", content: json("Application", LISTED) }],
      problems: ["not_found"],
    },
    {
      ...shared,
      method: "patch",
      path: "/theeye/applications/{name}",
      operationId: "changeApplication",
      summary: "Change an application's origins",
      description:
        "Sets the origins from which the application's write keys may send, for existing and future keys, without a rotation. The change takes effect everywhere within about two minutes.",
      parameters: [nameParameter],
      requestBody: body("ChangeApplication", {
        example: { summary: "All subdomains of a site", value: { origins: ["https://*.example.com"] } },
        everywhere: { summary: "From anywhere", value: { origins: null } },
      }),
      answers: [
        { status: 200, description: "The application after the change.", content: json("Application", LISTED) },
      ],
      problems: [...bodyProblems, "not_found"],
    },
    {
      ...shared,
      method: "post",
      path: "/theeye/applications/{name}/keys",
      operationId: "rotateKey",
      summary: "Rotate a key",
      description:
        "Creates a new key of a scope. The key is shown only in this response. Two keys of a kind can be valid at the same time, so that the application can switch without downtime; a third key revokes the oldest. A kind is a scope and, for read keys, the applications that they can read. Members that are absent are taken from the newest key of the scope: the origins of a write key, the applications of a read key.",
      parameters: [nameParameter],
      requestBody: body("CreateKey", {
        example: { summary: "A write key for one site", value: { scope: "write", origins: ORIGINS } },
        bound: {
          summary: "A read key for one application",
          value: { scope: "read", applications: [APPLICATION] },
        },
      }),
      answers: [
        created("The new key, and the keys that it replaced.", "RotatedKey", {
          ...shown(WRITE_KEY, "eye_w_"),
          revoked: [],
        }),
      ],
      problems: [...bodyProblems, "not_found", "conflict"],
    },
    {
      ...shared,
      method: "delete",
      path: "/theeye/applications/{name}/keys/{id}",
      operationId: "revokeKey",
      summary: "Revoke a key",
      description: "Revokes a key. It stops working everywhere within about two minutes.",
      parameters: [nameParameter, pathParameter("id", "The key's id, as listed with the application.", WRITE_KEY.id)],
      answers: [gone],
      problems: ["not_found"],
    },
    {
      ...shared,
      method: "delete",
      path: "/theeye/applications/{name}",
      operationId: "deleteApplication",
      summary: "Delete an application",
      description: "Deletes an application and revokes all its keys. Its events stay.",
      parameters: [nameParameter],
      answers: [gone],
      problems: ["not_found"],
    },
  ];
}
