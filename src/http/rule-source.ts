import { configOf } from "../model/configuration";
import { createRuleSource, type RuleSource } from "../rules/rule-source";
import { listRuleEpochs, loadRuleBook } from "../storage/admin/rule-epochs";
import { databasesOf, firstDatabase } from "../storage/core/databases";

/** One source per environment: the platform passes the same object to every invocation of an isolate. */
const sources = new WeakMap<object, RuleSource>();

/** The rules in the first database. The dry run, previews and, through src/index.ts, the pipeline share this source. */
export function ruleSourceOf(env: object): RuleSource {
  const known = sources.get(env);
  if (known !== undefined) return known;
  const database = firstDatabase(databasesOf(env));
  const source = createRuleSource(
    {
      epochs: (after) => listRuleEpochs(database, after),
      rulesOf: (since) => loadRuleBook(database, since),
    },
    { leadMs: configOf(env).ruleLeadMicros / 1000 },
  );
  sources.set(env, source);
  return source;
}
