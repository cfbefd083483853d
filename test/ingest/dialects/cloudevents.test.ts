import { describe, expect, it } from "vitest";
import { cloudEventsOf } from "../../../src/ingest/dialects/cloudevents";
import { T } from "./vendor-request";

describe("CloudEvents", () => {
  const headers = (more: Record<string, string>) => new Headers({ "Content-Type": "application/json", ...more });

  it("are read in binary mode, in structured mode and as a batch", () => {
    const binary = headers({
      ...{ "ce-id": "1", "ce-type": "order", "ce-source": "/shop", "ce-specversion": "1.0", "ce-time": T },
      ...{ "ce-sessionid": "s", "ce-subject": "caf%C3%A9" },
    });
    const expected = { session_id: "s", category: "/shop", name: "order", data: { total: 1 }, timestamp: T, id: "1" };
    expect(cloudEventsOf(binary, '{"total":1}')).toMatchObject([{ ...expected, context: { subject: "café" } }]);
    const event = {
      id: "1",
      type: "order",
      source: "/shop",
      specversion: "1.0",
      time: T,
      sessionid: "s",
      data: { total: 1 },
    };
    const type = (value: string) => headers({ "Content-Type": value });
    expect(cloudEventsOf(type("application/cloudevents+json"), JSON.stringify(event))).toMatchObject([expected]);
    expect(cloudEventsOf(type("application/cloudevents-batch+json"), JSON.stringify([event, 1]))).toMatchObject([
      expected,
      { data: null, context: { unmapped: 1 } },
    ]);
    expect(cloudEventsOf(headers({}), "{}")).toBeNull();
  });
});
