import { type Context, Hono } from "hono";
import * as v from "valibot";
import { answer } from "../../http/answer";
import type { AppEnv } from "../../http/app-env";
import { isolateKeyCache, requireScope } from "../../http/auth/authenticate";
import { generateKey, hashKey, hintOf } from "../../http/auth/keys";
import { logFailure } from "../../http/log";
import { pageResponse, readCursor } from "../../http/page";
import { problem, Refusal } from "../../http/problem";
import { takesNoParameters } from "../../http/request/no-parameters";
import { readParameters } from "../../http/request/parameters";
import { parseJsonBody } from "../../http/request/parse-json-body";
import { ApplicationNameSchema } from "../../model/event/event";
import type { Scope } from "../../model/keys/access-key";
import { formatTimestamp } from "../../model/time/time";
import { databasesOf, firstDatabase } from "../../storage/core/databases";
import {
  type Application,
  changeOrigins,
  deleteApplication,
  type FreshKey,
  insertApplication,
  listApplications,
  loadApplication,
} from "../../storage/keys/applications";
import { publishKeys } from "../../storage/keys/published-keys";
import type { RegisteredKey } from "../../storage/keys/registered-keys";
import { deleteKey, MAX_KEYS_OF_AN_APPLICATION, rotateKey } from "../../storage/keys/rotate-key";
import {
  ApplicationsParameters,
  ChangeApplicationSchema,
  CreateApplicationSchema,
  CreateKeySchema,
} from "./application-schemas";

/**
 * `/theeye/applications`: applications and their keys. Needs an admin key.
 *
 * The isolate that revokes a key refuses it at once. Elsewhere the key stops working once the isolates' cache
 * (`KEY_CACHE_SECONDS`), KV's own cache (30 seconds) and KV's propagation have passed: about a minute and a half as
 * configured.
 */
export const applications = new Hono<AppEnv>({ strict: false });

applications.use(requireScope("admin"));
// Only the list takes parameters.
applications.on("POST", "/", takesNoParameters);
applications.use("/:name/*", takesNoParameters);

applications.post("/", async (c) => {
  const input = await parseJsonBody(c.req.raw, CreateApplicationSchema);
  if (input instanceof Refusal) return input.response();
  const fresh = [await freshKey("write"), await freshKey("read")];
  const application = { name: input.name, createdAt: Date.now() * 1000, origins: input.origins };
  return withRegistry(async () => {
    const first = databaseOfKeys(c);
    if (!(await insertApplication(first, application, fresh))) {
      return problem("conflict", `The application ${input.name} exists already.`);
    }
    await publish(
      c,
      fresh.map(({ hash }) => hash),
    );
    const registered = await loadApplication(first, input.name);
    const keys = fresh.flatMap(({ id, key }) => {
      const own = registered?.keys.find((one) => one.id === id);
      // A concurrent deletion of the application has revoked its keys.
      return own === undefined ? [] : [showOnce(own, key)];
    });
    const shown = showApplication({ ...application, keys: [] });
    return created(application.name, { ...shown, keys });
  });
});

applications.get("/", async (c) => {
  const question = readParameters(c.req.url, ApplicationsParameters);
  if (question instanceof Refusal) return question.response();
  const place = readCursor(question, "applications", v.strictTuple([ApplicationNameSchema]));
  if (place instanceof Refusal) return place.response();
  return withRegistry(async () => {
    const page = await listApplications(databaseOfKeys(c), { limit: question.limit, after: place?.[0] ?? null });
    const end = page.next === null ? null : [page.next];
    const results = page.rows.map(showApplication);
    return pageResponse(c.req.url, { question, name: "applications", place: end }, { results });
  });
});

applications.get("/:name", (c) =>
  withRegistry(async () => {
    const application = await loadApplication(databaseOfKeys(c), c.req.param("name"));
    return application === null ? noApplication() : answer(showApplication(application));
  }),
);

applications.patch("/:name", async (c) => {
  const input = await parseJsonBody(c.req.raw, ChangeApplicationSchema);
  if (input instanceof Refusal) return input.response();
  const name = c.req.param("name");
  return withRegistry(async () => {
    const changed = await changeOrigins(databaseOfKeys(c), name, input.origins);
    if (changed === null) return noApplication();
    await publishChanged(c, changed);
    const application = await loadApplication(databaseOfKeys(c), name);
    return application === null ? noApplication() : answer(showApplication(application));
  });
});

applications.post("/:name/keys", async (c) => {
  const input = await parseJsonBody(c.req.raw, CreateKeySchema);
  if (input instanceof Refusal) return input.response();
  const name = c.req.param("name");
  const { key, ...fresh } = await freshKey(input.scope);
  const { origins, applications: bound } = input;
  const rotation = { ...fresh, application: name, createdAt: Date.now() * 1000, origins, applications: bound };
  return withRegistry(async () => {
    const rotated = await rotateKey(databaseOfKeys(c), rotation);
    switch (rotated.kind) {
      case "no application":
        return noApplication();
      case "unknown applications":
        return problem(
          "invalid_parameter",
          `The member applications is not valid: there is no application ${rotated.names.join(", ")}.`,
          { parameter: "applications" },
        );
      case "full":
        return problem(
          "conflict",
          `The application has ${MAX_KEYS_OF_AN_APPLICATION} keys, which is the limit. Revoke one first.`,
          { limit: MAX_KEYS_OF_AN_APPLICATION },
        );
      case "made":
        await publishChanged(c, [...rotated.replaced, rotated.key]);
        return created(name, { ...showOnce(rotated.key, key), revoked: rotated.replaced.map(showKey) });
    }
  });
});

applications.delete("/:name/keys/:id", (c) =>
  withRegistry(async () => {
    const name = c.req.param("name");
    const ended = await deleteKey(databaseOfKeys(c), name, c.req.param("id"));
    if (ended !== null) {
      await publishChanged(c, [ended]);
      return c.body(null, 204);
    }
    const isKnown = (await loadApplication(databaseOfKeys(c), name)) !== null;
    return isKnown ? problem("not_found", "The application has no key with this id.") : noApplication();
  }),
);

applications.delete("/:name", (c) =>
  withRegistry(async () => {
    const ended = await deleteApplication(databaseOfKeys(c), c.req.param("name"));
    if (ended === null) return noApplication();
    await publishChanged(c, ended);
    return c.body(null, 204);
  }),
);

/** An interrupted change may have been made: the transaction may have succeeded although its result was lost. */
async function withRegistry(work: () => Promise<Response>): Promise<Response> {
  try {
    return await work();
  } catch (error) {
    logFailure("registry_failed", error);
    return problem(
      "unavailable",
      "The registry of keys cannot be reached at the moment. Check the list before you repeat a change.",
    );
  }
}

function databaseOfKeys(c: Context<AppEnv>) {
  return firstDatabase(databasesOf(c.env));
}

async function publishChanged(c: Context<AppEnv>, changed: readonly RegisteredKey[]): Promise<void> {
  isolateKeyCache.forget(changed.map(({ id }) => id));
  await publish(
    c,
    changed.map(({ hash }) => hash),
  );
}

/** The change is made once it is in the registry. If KV fails now, the cron publishes the change within a minute. */
async function publish(c: Context<AppEnv>, hashes: readonly string[]): Promise<void> {
  try {
    await publishKeys(c.env.KEYS, databaseOfKeys(c), hashes);
  } catch (error) {
    logFailure("keys_not_published", error);
  }
}

async function freshKey(scope: Scope): Promise<FreshKey & { key: string }> {
  const key = generateKey(scope);
  return { key, id: crypto.randomUUID(), scope, hash: await hashKey(key), hint: hintOf(key) };
}

function created(application: string, body: Record<string, unknown>): Response {
  const response = answer(body, 201);
  response.headers.set("Location", `/theeye/applications/${application}`);
  return response;
}

function noApplication(): Response {
  return problem("not_found", "There is no application with this name.");
}

/** A key as listed: everything except its hash, which must not be exposed. */
function showKey({ id, scope, hint, createdAt, origins, applications: bound }: RegisteredKey) {
  return {
    ...{ id, scope, hint, created_at: formatTimestamp(createdAt) },
    ...(scope === "write" ? { origins } : {}),
    ...(scope === "read" ? { applications: bound } : {}),
  };
}

function showOnce(registered: RegisteredKey, key: string) {
  const seesAll = registered.scope === "read" && registered.applications === null;
  return { ...showKey(registered), key, ...(seesAll ? { notice: SEES_ALL } : {}) };
}

const SEES_ALL =
  'This key reads the events and errors of every application. POST /theeye/applications/{name}/keys with {"scope": "read", "applications": ["shop"]} makes a key that reads only the applications it lists.';

function showApplication({ name, createdAt, origins, keys }: Application) {
  return { name, created_at: formatTimestamp(createdAt), origins, keys: keys.map(showKey) };
}
