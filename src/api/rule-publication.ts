import { RULES_KEY } from "../model/event-type";
import { isolateRules } from "../rules/rule-source";
import type { Database } from "../storage/databases";
import { loadRuleBook } from "../storage/event-types";
import { logFailure } from "./log";
import { Refusal } from "./problem";

/** KV takes one write a second to one key. */
const PAUSE_MS = 1_100;
const TRIES = 4;

/**
 * Publishes the rules to KV, where the pipeline reads them. Done again if they changed meanwhile: of two administrators
 * at once the one who read first may write last.
 *
 * @returns null, or a refusal: the change stands in the database then, and sending the request again publishes it
 */
export async function publishRules(keys: KVNamespace, database: Database): Promise<Refusal | null> {
  let failure: unknown = null;
  for (let tries = 1; tries <= TRIES; tries++) {
    const book = await loadRuleBook(database);
    try {
      await keys.put(RULES_KEY, JSON.stringify(book));
      isolateRules.forget();
      if ((await loadRuleBook(database)).revision === book.revision) return null;
    } catch (thrown) {
      failure = thrown;
    }
    await scheduler.wait(PAUSE_MS);
  }
  logFailure("rules_not_published", failure ?? new Error("the rules change all the time"));
  return new Refusal("unavailable", "The change is kept, but is not in force yet. Send the same request again.");
}
