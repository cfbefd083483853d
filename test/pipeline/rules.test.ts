import { describe, expect, it } from "vitest";
import type { EventTypeRule } from "../../src/model/event-type";
import { consume } from "../../src/pipeline/consumer";
import { consumeDeadLetters } from "../../src/pipeline/dead-letters";
import { indexRules } from "../../src/rules/rules";
import { batchOf, envelopeOf, eventOf, pipelineWith, storedErrors, storedEvents } from "./harness";

const type: EventTypeRule = {
  ...{ category: "page interaction", name: "pageview", version: 1, mode: "accept", schema_mode: "enforce" },
  schema: '{"required":["title"]}',
};

const withRules = (unregistered: "accept" | "reject", ...types: EventTypeRule[]) =>
  pipelineWith({ rules: async () => indexRules({ unregistered, types }) });

describe("the rules of event types", () => {
  it("are those of the moment in which a session first judges an event; later rules change nothing", async () => {
    const fails = batchOf([envelopeOf([["rules-1", eventOf("rules-a")]])]);
    await consume(fails.batch, withRules("accept", type));
    await consume(batchOf([envelopeOf([["rules-2", eventOf("rules-a")]])]).batch, withRules("accept"));
    const both = () =>
      batchOf([
        envelopeOf([
          ["rules-1", eventOf("rules-a")],
          ["rules-2", eventOf("rules-a")],
        ]),
      ]).batch;
    await consume(both(), withRules("accept"));
    await consume(both(), withRules("reject", type));
    expect(await storedEvents("rules-a")).toMatchObject([{ id: "rules-2", sequence: 1 }]);
    expect(await storedErrors(["rules-1", "rules-2"])).toMatchObject([
      { event_id: "rules-1", codes: ["schema_violation"] },
    ]);
  });

  it("hold for events without a session too", async () => {
    const batch = batchOf([envelopeOf([["rules-3", eventOf("null")]])]);
    await consume(batch.batch, withRules("reject"));
    expect(await storedErrors(["rules-3"])).toMatchObject([{ codes: ["session_id_invalid", "unplanned_event"] }]);
  });

  it("are waited for where they cannot be read: nothing is judged, acknowledged or given up", async () => {
    const rules = () => Promise.reject(new Error("KV is away"));
    const taken = batchOf([envelopeOf([["rules-4", eventOf("rules-b")]])], { attempts: 50 });
    await consume(taken.batch, pipelineWith({ rules }));
    await consumeDeadLetters(taken.batch, pipelineWith({ rules }));
    expect([taken.acked, [...taken.retried.keys()]]).toEqual([[], [0]]);
    expect(await storedEvents("rules-b")).toEqual([]);
    expect(await storedErrors(["rules-4"])).toEqual([]);
  });
});
