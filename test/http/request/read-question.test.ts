import { Hono } from "hono";
import * as v from "valibot";
import { expect, it } from "vitest";
import type { AppEnv } from "../../../src/http/app-env";
import { Refusal } from "../../../src/http/problem";
import {
  ApplicationParameter,
  endDateParameter,
  LimitParameter,
  startDateParameter,
} from "../../../src/http/request/parameters";
import { readQuestion } from "../../../src/http/request/read-question";

const schema = v.object({
  application: ApplicationParameter,
  ...{ start_date: startDateParameter("of receipt"), end_date: endDateParameter("of receipt"), limit: LimitParameter },
});

/** By a key that is bound to shop and blog. */
async function read(query: string): Promise<{ status: number; body: unknown }> {
  const app = new Hono<AppEnv>().get("/", (c) => {
    c.set("identity", { scope: "read", application: "shop", applications: ["shop", "blog"] });
    const result = readQuestion(c, schema);
    return result instanceof Refusal ? result.response() : c.json(result);
  });
  const response = await app.request(`/?${query}`);
  return { status: response.status, body: await response.json() };
}

it("returns the parameters, and the applications that the key sees", async () => {
  expect((await read("limit=5")).body).toEqual({ question: { limit: 5 }, applications: ["shop", "blog"] });
});

it("returns the application that is named alone", async () => {
  expect((await read("application=blog")).body).toMatchObject({ applications: ["blog"] });
});

it.each([
  ["an unknown parameter", "aplication=blog", 400, "aplication"],
  ["an application that the key does not see", "application=forum", 403, "application"],
  ["a range that ends before it starts", "start_date=2021-01-02&end_date=2021-01-01", 400, "start_date"],
])("refuses %s", async (_, query, status, parameter) => {
  expect(await read(query)).toMatchObject({ status, body: { parameter } });
});
