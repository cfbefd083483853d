import { env } from "cloudflare:workers";
import { expect, it } from "vitest";
import { ruleSourceOf } from "../../src/http/rule-source";
import { saveVersion } from "../../src/storage/admin/event-types";
import { databasesOf, firstDatabase } from "../../src/storage/core/databases";
import { MORNING } from "../storage/seed";

it("is shared by all who ask with the same environment, and by no other", () => {
  expect(ruleSourceOf(env)).toBe(ruleSourceOf(env));
  expect(ruleSourceOf({ ...env })).not.toBe(ruleSourceOf(env));
});

it("reads the rules of the first database, as they were in force at the receipt", async () => {
  const type = { category: "page", name: "view", description: null, owner: null, schema: null };
  const modes = { mode: "reject", schema_mode: "enforce", registered: true } as const;
  await saveVersion(firstDatabase(databasesOf(env)), { ...type, ...modes }, { now: MORNING, lead: 0 });
  const moments = [MORNING - 1, MORNING + 1];
  const rules = await ruleSourceOf({ ...env }).read(moments);
  const event = { category: "page", name: "view" };
  const epochs = rules.only(moments.map((receivedAt) => ({ receivedAt, event })));
  expect(epochs.map(({ rules: own }) => own.types.map(({ mode }) => mode))).toEqual([[], ["reject"]]);
});
