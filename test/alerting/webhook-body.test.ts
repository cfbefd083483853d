import { describe, expect, it } from "vitest";
import { type Message, webhookBody } from "../../src/alerting/webhook-body";
import type { AlertRule } from "../../src/model/alerts/alert";

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

  it("says what was measured of the storage, in both formats", () => {
    const webhook = { url: "https://hooks.example.com/x", format: "json" } as const;
    const full: Message = {
      ...{ id: "full:1:begin", kind: "begin", name: "full", at: message.at, measured: { value: 3.26 } },
      rule: { threshold: { days_left: 7 }, webhook },
    };
    expect(JSON.parse(webhookBody(full))).toMatchObject({
      alert: { name: "full", threshold: { days_left: 7 } },
      found: { days_left: 3.26 },
    });
    const slack = { ...full, rule: { ...full.rule, webhook: { ...webhook, format: "slack" as const } } };
    expect(JSON.parse(webhookBody(slack)).text).toBe("Alert full has begun: a database is full in 3.3 days.");
  });

  it("leaves the share out where no share is watched", () => {
    const rule = { ...message.rule, threshold: { failures: 20 } };
    expect(JSON.parse(webhookBody({ ...message, rule })).found).toEqual({ failures: 30 });
  });

  it("tells a number, and what is usual where a change is watched", () => {
    const change = { metric: "sum:price", change: 0.5, direction: "any" as const, weeks: 4, at_least: 1 };
    const slack = { ...message.rule.webhook, format: "slack" as const };
    const of = (threshold: AlertRule["threshold"], webhook = message.rule.webhook) =>
      JSON.parse(
        webhookBody({ ...message, rule: { ...message.rule, threshold, webhook }, measured: { value: 9, usual: 4 } }),
      );
    expect(of({ metric: "events", above: 5 }).found).toEqual({ value: 9 });
    expect(of(change).found).toEqual({ value: 9, usual: 4 });
    expect(of(change, slack).text).toContain("payments has begun: sum:price 9, usually 4 in 15 min.");
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
