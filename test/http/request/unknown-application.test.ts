import { env } from "cloudflare:workers";
import { beforeAll, expect, it } from "vitest";
import { refuseUnknownApplication } from "../../../src/http/request/unknown-application";
import { databasesOf } from "../../../src/storage/core/databases";
import { errorRow, eventRow, store } from "../../storage/seed";
import { expectRefusal } from "../expect-refusal";

const databases = databasesOf(env);

beforeAll(async () => {
  await env.DB.prepare("INSERT INTO applications (name, created_at) VALUES ('registered', 0)").run();
  await store(databases, {
    events: [eventRow({ application: "sent-events" })],
    errors: [errorRow({ application: "sent-errors" })],
  });
});

it.each([undefined, "registered", "sent-events", "sent-errors"])("accepts %s", async (application) => {
  expect(await refuseUnknownApplication(databases, application)).toBeNull();
});

it.each(["Registered", "nobody", ""])("refuses %j, which never existed", async (application) => {
  const refusal = expectRefusal(await refuseUnknownApplication(databases, application), "invalid_parameter");
  expect(refusal.members).toEqual({ parameter: "application" });
});
