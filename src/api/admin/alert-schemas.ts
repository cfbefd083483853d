import * as v from "valibot";
import { AlertNameSchema, AlertRuleSchema } from "../../model/alert";

/** What the administration of alerts takes and answers; the API reference is made from these. */

export const CreateAlertSchema = v.strictObject({ name: AlertNameSchema, ...AlertRuleSchema.entries });

const moment = v.pipe(v.string(), v.description("UTC, to the microsecond."));

const members = {
  ...CreateAlertSchema.entries,
  created_at: moment,
  state: v.picklist(["ok", "firing"]),
  since: v.pipe(v.string(), v.description("When it came into its state: UTC, to the microsecond.")),
};

export const AlertSchema = v.object(members);

export const NewAlertSchema = v.object({
  ...members,
  secret: v.pipe(v.string(), v.description("Checks the signatures of this alert's messages. Shown this once.")),
});

export const AlertDetailSchema = v.object({
  ...members,
  deliveries: v.pipe(
    v.array(
      v.object({
        id: v.pipe(v.string(), v.description("As the message's body carries it.")),
        kind: v.picklist(["begin", "end"]),
        created_at: moment,
        status: v.picklist(["pending", "delivered", "failed"]),
        attempts: v.number(),
        outcome: v.nullable(v.pipe(v.string(), v.description("Of the last try; null before the first."))),
      }),
    ),
    v.description("The newest messages, at most 20."),
  ),
});

export const AlertListSchema = v.object({ results: v.array(AlertSchema) });
