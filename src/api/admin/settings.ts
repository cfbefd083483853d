import { Hono } from "hono";
import * as v from "valibot";
import { answer } from "../../http/answer";
import type { AppEnv } from "../../http/app-env";
import { requireScope } from "../../http/auth/authenticate";
import { Refusal } from "../../http/problem";
import { MomentSchema } from "../../http/request/moment";
import { takesNoParameters } from "../../http/request/no-parameters";
import { parseJsonBody } from "../../http/request/parse-json-body";
import { refuseUnknownMembers } from "../../http/request/unknown-application";
import { ModeSchema } from "../../model/event/event-type";
import { formatTimestamp } from "../../model/time/time";
import { type RuleSettingsVersion, readRuleSettings, saveRuleSettings } from "../../storage/admin/rule-settings";
import {
  readStorageSettings,
  type StorageSettings,
  StorageSettingsSchema,
  saveStorageSettings,
} from "../../storage/admin/storage-settings";
import { type Database, databasesOf, firstDatabase } from "../../storage/core/databases";
import { changeTime } from "../event-types/event-type-answers";
import { InForceSchema } from "../event-types/event-type-schemas";

const members = {
  unregistered_event_types: v.pipe(
    ModeSchema,
    v.description(
      "How events of an unregistered type are treated. `reject` stores them as errors with the code `unplanned_event`.",
    ),
  ),
};

const storage = v.pipe(
  StorageSettingsSchema,
  v.description(
    "When events move from the databases to the archive, and when they are deleted. A change takes effect within a minute.",
  ),
);

export const SettingsInput = v.strictObject({ ...members, storage: v.optional(storage) });

export const SettingsSchema = v.object({
  ...members,
  changed_at: v.pipe(
    v.nullable(MomentSchema),
    v.description("When the settings were changed, or null if these are the defaults."),
  ),
  in_force_at: v.pipe(
    v.nullable(InForceSchema),
    v.description("When these settings come into force, or null if they are the defaults."),
  ),
  storage,
});

/** `/theeye/settings`: the settings of the whole deployment. Needs an admin key. */
export const settings = new Hono<AppEnv>({ strict: false });

settings.use(requireScope("admin"), takesNoParameters);

settings.get("/", async (c) => {
  const first = firstDatabase(databasesOf(c.env));
  return answer(render(await readRuleSettings(first), (await readStorageSettings(first)).settings));
});

settings.put("/", async (c) => {
  const input = await parseJsonBody(c.req.raw, SettingsInput);
  if (input instanceof Refusal) return input.response();
  const databases = databasesOf(c.env);
  const first = firstDatabase(databases);
  const unknown = input.storage === undefined ? null : await refuseUnknownRetention(databases, input.storage);
  if (unknown !== null) return unknown.response();
  const time = changeTime(c.var.config);
  const rules = await saveRuleSettings(first, { unregistered: input.unregistered_event_types }, time);
  if (input.storage !== undefined) await saveStorageSettings(first, input.storage, time.now);
  return answer(render(rules, (await readStorageSettings(first)).settings));
});

/** Names that are set already are taken again, whatever has become of their applications. */
async function refuseUnknownRetention(
  databases: readonly Database[],
  wanted: StorageSettings,
): Promise<Refusal | null> {
  const { settings: held } = await readStorageSettings(firstDatabase(databases));
  const added = Object.keys(wanted.retention.applications).filter(
    (application) => !Object.hasOwn(held.retention.applications, application),
  );
  const named = added.map((application) => ({ member: `storage.retention.applications.${application}`, application }));
  return refuseUnknownMembers(databases, named);
}

function render(version: RuleSettingsVersion | null, held: StorageSettings): v.InferOutput<typeof SettingsSchema> {
  if (version === null) {
    return { unregistered_event_types: "accept", changed_at: null, in_force_at: null, storage: held };
  }
  return {
    unregistered_event_types: version.unregistered,
    changed_at: formatTimestamp(version.changed_at),
    in_force_at: formatTimestamp(version.in_force_at),
    storage: held,
  };
}
