import { describe, expect, it } from "vitest";
import { type Message, webhookBody } from "../../src/alerting/webhook-body";

const message: Message = {
  id: "payments:1:begin",
  kind: "begin",
  name: "payments",
  rule: {
    application: "shop",
    category: "checkout",
    threshold: { share: 0.05, at_least: 10 },
    window_minutes: 15,
    webhook: { url: "https://hooks.example.com/x", format: "json" },
  },
  measured: { failures: 30, stored: 270 },
  at: 1_609_492_500_000_000,
};

describe("webhookBody", () => {
  it("contains the change, the rule and the measurement, but not the webhook's URL", () => {
    expect(JSON.parse(webhookBody(message))).toEqual({
      v: 1,
      id: "payments:1:begin",
      kind: "begin",
      at: "2021-01-01T09:15:00.000000Z",
      alert: {
        name: "payments",
        application: "shop",
        category: "checkout",
        threshold: { share: 0.05, at_least: 10 },
        window_minutes: 15,
      },
      found: { failures: 30, stored: 270, share: 0.1 },
    });
  });

  it("omits the share if the threshold is not a share", () => {
    const rule = { ...message.rule, threshold: { failures: 20 } };
    expect(JSON.parse(webhookBody({ ...message, rule })).found).toEqual({ failures: 30 });
  });

  it("is a text for Slack in which no name can notify anybody", () => {
    const rule = {
      ...message.rule,
      category: "<!channel> & co",
      webhook: { ...message.rule.webhook, format: "slack" as const },
    };
    const body = JSON.parse(webhookBody({ ...message, rule, kind: "end" }));
    expect(body.text).toBe(
      "Alert payments has ended: 30 failed events (10.0 % of the events) in 15 min. shop, &lt;!channel&gt; &amp; co / any name",
    );
    expect(body.metadata.event_payload).toEqual({ id: "payments:1:begin", kind: "end" });
  });
});
