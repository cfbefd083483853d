import { env } from "cloudflare:workers";
import { describe, expect, it } from "vitest";
import worker from "../../../src/index";
import type { EventTypeRule } from "../../../src/model/event/event-type";
import { consume } from "../../../src/pipeline/consumer";
import { consumeDeadLetters } from "../../../src/pipeline/dead-letters";
import { indexRules, NO_RULES } from "../../../src/rules/rules";
import { rulesInForce } from "../../../src/rules/rules-in-force";
import { saveVersion } from "../../../src/storage/admin/event-types";
import { type Database, databasesOf } from "../../../src/storage/core/databases";
import { alwaysInForce, batchOf, envelopeOf, eventOf, pipelineWith, storedErrors, storedEvents } from "../harness";
import { RECEIVED_AT } from "../sample-events";

const type: EventTypeRule = {
  ...{ category: "page interaction", name: "pageview", version: 1, mode: "accept", schema_mode: "enforce" },
  schema: '{"required":["title"]}',
};

const withRules = (unregistered: "accept" | "reject", ...types: EventTypeRule[]) =>
  pipelineWith({ rules: async () => alwaysInForce({ unregistered, types }) });

/** Rules that accept everything until a time and then require a title. */
const strictSince = (since: number) =>
  pipelineWith({
    rules: async () =>
      rulesInForce([
        { since: 0, until: since, rules: indexRules(NO_RULES) },
        { since, until: Number.POSITIVE_INFINITY, rules: indexRules({ unregistered: "accept", types: [type] }) },
      ]),
  });

describe("the rules of event types", () => {
  it("are those in force at the receipt of each event, whenever it is processed", async () => {
    const events = ["rules-10", "rules-11", "rules-12"].map((id): [string, unknown] => [id, eventOf("rules-c")]);
    await consume(batchOf([envelopeOf(events)]).batch, strictSince(RECEIVED_AT + 2));
    expect(await storedEvents("rules-c")).toMatchObject([{ id: "rules-10" }, { id: "rules-11" }]);
    expect(await storedErrors(["rules-10", "rules-11", "rules-12"])).toMatchObject([
      { event_id: "rules-12", codes: ["schema_violation"] },
    ]);
  });

  it("are those in force at the receipt for events without a session too", async () => {
    const pipeline = pipelineWith({
      rules: async () =>
        rulesInForce([
          { since: 0, until: RECEIVED_AT + 1, rules: indexRules(NO_RULES) },
          { since: RECEIVED_AT + 1, until: RECEIVED_AT + 9, rules: indexRules({ unregistered: "reject", types: [] }) },
        ]),
    });
    const events = ["rules-20", "rules-21"].map((id): [string, unknown] => [id, eventOf("null")]);
    await consume(batchOf([envelopeOf(events)]).batch, pipeline);
    expect(await storedErrors(["rules-20", "rules-21"])).toMatchObject([
      { codes: ["session_id_invalid"] },
      { codes: ["session_id_invalid", "unplanned_event"] },
    ]);
  });

  it("change only for events received after a change takes effect", async () => {
    const [first] = databasesOf(env);
    if (first === undefined) throw new Error("There is no database.");
    const database: Database = first;
    const { schema } = type;
    const definition = { category: "changing", name: "type", description: null, owner: null, schema } as const;
    const version = { ...definition, mode: "accept", schema_mode: "enforce", registered: true } as const;
    const { version: saved } = await saveVersion(database, version, { now: RECEIVED_AT - 1_000_000, lead: 1_000_007 });
    const { in_force_at: since } = saved;
    const event = eventOf("rules-d", { category: "changing", name: "type" });
    const { batch, acked } = batchOf([
      envelopeOf([["rules-30", event]], { received_at: since - 1 }),
      envelopeOf([["rules-31", event]], { received_at: since }),
    ]);
    await worker.queue(batch, env);
    expect(acked).toEqual([0, 1]);
    expect(await storedEvents("rules-d")).toMatchObject([{ id: "rules-30" }]);
    expect(await storedErrors(["rules-30", "rules-31"])).toMatchObject([
      { event_id: "rules-31", codes: ["schema_violation"] },
    ]);
  });

  it("of the later receipt validate an event that is sent again, which may now be stored", async () => {
    const bodies = [RECEIVED_AT, RECEIVED_AT + 10].map((received_at) =>
      envelopeOf([["rules-1", eventOf("rules-a")]], { received_at }),
    );
    const pipeline = pipelineWith({
      rules: async () =>
        rulesInForce([
          { since: 0, until: RECEIVED_AT + 5, rules: indexRules({ unregistered: "accept", types: [type] }) },
          { since: RECEIVED_AT + 5, until: Number.POSITIVE_INFINITY, rules: indexRules(NO_RULES) },
        ]),
    });
    // In any order of the two, and any number of times.
    for (const order of [bodies, bodies.toReversed(), bodies]) {
      await consume(batchOf(order).batch, pipeline);
      expect(await storedEvents("rules-a")).toMatchObject([{ id: "rules-1", received_at: RECEIVED_AT + 10 }]);
      expect(await storedErrors(["rules-1"])).toMatchObject([
        { codes: ["schema_violation"], received_at: RECEIVED_AT },
      ]);
    }
  });

  it("apply to events without a session too", async () => {
    const batch = batchOf([envelopeOf([["rules-3", eventOf("null")]])]);
    await consume(batch.batch, withRules("reject"));
    expect(await storedErrors(["rules-3"])).toMatchObject([{ codes: ["session_id_invalid", "unplanned_event"] }]);
  });

  it("that cannot be read make messages wait: nothing is validated, acknowledged or marked undeliverable", async () => {
    const rules = () => Promise.reject(new Error("D1 is away"));
    const taken = batchOf([envelopeOf([["rules-4", eventOf("rules-b")]])], { attempts: 20 });
    await consume(taken.batch, pipelineWith({ rules }));
    await consumeDeadLetters(taken.batch, pipelineWith({ rules }));
    expect([taken.acked, [...taken.retried.keys()]]).toEqual([[], [0]]);
    expect(await storedEvents("rules-b")).toEqual([]);
    expect(await storedErrors(["rules-4"])).toEqual([]);
  });
});
