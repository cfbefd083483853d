import { Hono } from "hono";
import { describe, expect, it } from "vitest";
import type { AppEnv } from "../../../src/http/app-env";
import type { Identity } from "../../../src/http/auth/keys";
import { askedApplications, isBound, visibleTo } from "../../../src/http/auth/visible-applications";
import { expectRefusal } from "../expect-refusal";

const write: Identity = { scope: "write", application: "shop" };
const bound: Identity = { scope: "read", application: "shop", applications: ["shop", "blog"] };
const reader: Identity = { scope: "read", application: "shop", applications: null };
const admin: Identity = { scope: "admin", application: "shop" };

/** Runs a function with the context of a request by the identity. */
async function inContext<Result>(
  identity: Identity | null,
  use: (c: Parameters<typeof isBound>[0]) => Result,
): Promise<Result> {
  const results: Result[] = [];
  const app = new Hono<AppEnv>().get("/", (c) => {
    if (identity !== null) c.set("identity", identity);
    results.push(use(c));
    return c.body(null);
  });
  app.onError((error) => {
    throw error;
  });
  await app.request("/");
  const [result] = results;
  if (result === undefined) throw new Error("The handler did not run.");
  return result;
}

describe("a key sees", () => {
  it.each<[string, Identity, string[] | null]>([
    ["its own application, if it writes", write, ["shop"]],
    ["the applications that it is bound to", bound, ["shop", "blog"]],
    ["all applications, if it is bound to none", reader, null],
    ["all applications, if it is an admin key, even of one application", admin, null],
  ])("%s", async (_, identity, applications) => {
    expect(visibleTo(identity)).toEqual(applications);
    expect(await inContext(identity, (c) => askedApplications(c))).toEqual(applications);
    expect(await inContext(identity, isBound)).toBe(applications !== null);
  });
});

describe("a query that names an application", () => {
  it.each<[string, Identity]>([
    ["bound", bound],
    ["unbound", reader],
  ])("covers it alone: %s", async (_, identity) => {
    expect(await inContext(identity, (c) => askedApplications(c, "blog"))).toEqual(["blog"]);
  });

  it("is refused if the key does not see it, with what it sees", async () => {
    const refusal = expectRefusal(await inContext(bound, (c) => askedApplications(c, "forum")), "forbidden");
    expect(refusal.members).toEqual({ parameter: "application" });
    expect(refusal.detail).toContain("shop, blog");
    expect(refusal.detail).not.toContain("forum");
  });
});

it("a request that was not authenticated sees nothing, and is a bug of the route", async () => {
  expect(await inContext(null, isBound)).toBe(true);
  await expect(inContext(null, (c) => askedApplications(c))).rejects.toThrow("requireScope");
});
