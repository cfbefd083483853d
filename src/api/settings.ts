import { Hono } from "hono";
import { databasesOf } from "../storage/databases";
import { loadRuleBook, SettingsSchema, saveSettings } from "../storage/event-types";
import type { AppEnv } from "./app-env";
import { requireScope } from "./authenticate";
import { answer, firstOf } from "./event-type-answers";
import { parseJsonBody } from "./parse-json-body";
import { Refusal } from "./problem";
import { publishRules } from "./rule-publication";

/** `/theeye/settings`: what holds for the whole deployment, for admin keys. */
export const settings = new Hono<AppEnv>({ strict: false });

settings.use(requireScope("admin"));

settings.get("/", async (c) => {
  const { unregistered } = await loadRuleBook(firstOf(databasesOf(c.env)));
  return answer({ unregistered_event_types: unregistered });
});

settings.put("/", async (c) => {
  const input = await parseJsonBody(c.req.raw, SettingsSchema);
  if (input instanceof Refusal) return input.response();
  const database = firstOf(databasesOf(c.env));
  await saveSettings(database, input);
  const unpublished = await publishRules(c.env.KEYS, database);
  return unpublished === null ? answer(input) : unpublished.response();
});
