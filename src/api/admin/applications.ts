import { Hono } from "hono";
import type { AppEnv } from "../../http/app-env";
import { isolateKeyCache, requireScope } from "../../http/auth/authenticate";
import type { ApplicationRecord, ListedKey } from "../../http/auth/keys";
import { nextUrl } from "../../http/page";
import { readParameters } from "../../http/parameters";
import { parseJsonBody } from "../../http/parse-json-body";
import { problem, Refusal } from "../../http/problem";
import { ApplicationsParameters, CreateApplicationSchema, CreateKeySchema } from "./application-schemas";
import {
  createKey,
  deleteRecord,
  keysToReplace,
  listApplications,
  type NewKey,
  publish,
  readApplication,
  revoke,
} from "./application-store";

/**
 * `/theeye/applications`: applications and their keys, for admin keys.
 *
 * A revoked key stops working within the isolates' cache (`KEY_CACHE_SECONDS`), KV's own (30 seconds) and KV's
 * propagation, about a minute and a half as configured; at once in the isolate that revokes it.
 */
export const applications = new Hono<AppEnv>({ strict: false });

applications.use(requireScope("admin"));

applications.post("/", async (c) => {
  const input = await parseJsonBody(c.req.raw, CreateApplicationSchema);
  if (input instanceof Refusal) return input.response();
  if ((await readApplication(c.env.KEYS, input.name)) !== null) {
    return problem("conflict", `The application ${input.name} exists already.`);
  }
  const now = new Date();
  const fresh = [await createKey("write", input.origins, now), await createKey("read", undefined, now)];
  const record: ApplicationRecord = {
    v: 1,
    name: input.name,
    created_at: now.toISOString(),
    keys: fresh.map(({ listed }) => listed),
  };
  await publish(c.env.KEYS, record, record.keys);
  const answer = { name: record.name, created_at: record.created_at, keys: fresh.map(showOnce) };
  return c.json(answer, 201, { Location: `/theeye/applications/${record.name}`, "Cache-Control": "no-store" });
});

applications.get("/", async (c) => {
  const input = readParameters(c.req.url, ApplicationsParameters);
  if (input instanceof Refusal) return input.response();
  const page = await listApplications(c.env.KEYS, input.limit, input.cursor ?? null);
  const next = page.cursor === null ? null : nextUrl(c.req.url, page.cursor);
  if (next !== null) c.header("Link", `<${next}>; rel="next"`);
  return c.json({ results: page.applications.map(showApplication), next });
});

applications.get("/:name", async (c) => {
  const application = await readApplication(c.env.KEYS, c.req.param("name"));
  return application === null ? noApplication() : c.json(showApplication(application));
});

applications.post("/:name/keys", async (c) => {
  const input = await parseJsonBody(c.req.raw, CreateKeySchema);
  if (input instanceof Refusal) return input.response();
  const application = await readApplication(c.env.KEYS, c.req.param("name"));
  if (application === null) return noApplication();
  const replaced = keysToReplace(application, input.scope);
  const fresh = await createKey(input.scope, input.origins, new Date());
  await end(c.env.KEYS, replaced);
  const kept = application.keys.filter((key) => !replaced.includes(key));
  await publish(c.env.KEYS, { ...application, keys: [...kept, fresh.listed] }, [fresh.listed]);
  return c.json({ ...showOnce(fresh), revoked: replaced.map(showKey) }, 201, {
    Location: `/theeye/applications/${application.name}`,
    "Cache-Control": "no-store",
  });
});

applications.delete("/:name/keys/:id", async (c) => {
  const application = await readApplication(c.env.KEYS, c.req.param("name"));
  if (application === null) return noApplication();
  const revoked = application.keys.filter((key) => key.id === c.req.param("id"));
  if (revoked.length === 0) return problem("not_found", "The application has no key of this id.");
  await end(c.env.KEYS, revoked);
  await publish(c.env.KEYS, { ...application, keys: application.keys.filter((key) => !revoked.includes(key)) }, []);
  return c.body(null, 204);
});

applications.delete("/:name", async (c) => {
  const application = await readApplication(c.env.KEYS, c.req.param("name"));
  if (application === null) return noApplication();
  await end(c.env.KEYS, application.keys);
  await deleteRecord(c.env.KEYS, application.name);
  return c.body(null, 204);
});

async function end(keys: KVNamespace, revoked: readonly ListedKey[]): Promise<void> {
  await revoke(keys, revoked);
  isolateKeyCache.forget(revoked.map(({ id }) => id));
}

function noApplication(): Response {
  return problem("not_found", "There is no application of this name.");
}

/** A key as it is listed: everything but its hash, with which nobody outside has business. */
function showKey({ hash: _, ...shown }: ListedKey): Omit<ListedKey, "hash"> {
  return shown;
}

function showOnce({ key, listed }: NewKey): Omit<ListedKey, "hash"> & { key: string } {
  return { ...showKey(listed), key };
}

function showApplication({ name, created_at, keys }: ApplicationRecord) {
  return { name, created_at, keys: keys.map(showKey) };
}
