import * as v from "valibot";
import { AlertNameSchema, AlertRuleSchema } from "../../model/alerts/alert";

/** The schemas of requests and responses about alerts. The API reference is made from them. */

export const CreateAlertSchema = v.strictObject({ name: AlertNameSchema, ...AlertRuleSchema.entries });

const moment = v.pipe(v.string(), v.description("The time in UTC, with microseconds."));

const members = {
  ...CreateAlertSchema.entries,
  created_at: moment,
  state: v.picklist(["ok", "firing"]),
  since: v.pipe(v.string(), v.description("When the alert entered its state, in UTC with microseconds.")),
};

export const AlertSchema = v.object(members);

export const NewAlertSchema = v.object({
  ...members,
  secret: v.pipe(
    v.string(),
    v.description("The secret that signs this alert's messages. Shown only in this response."),
  ),
});

export const AlertDetailSchema = v.object({
  ...members,
  deliveries: v.pipe(
    v.array(
      v.object({
        id: v.pipe(v.string(), v.description("The `id` in the message's body.")),
        kind: v.picklist(["begin", "end"]),
        created_at: moment,
        status: v.picklist(["pending", "delivered", "failed"]),
        attempts: v.number(),
        outcome: v.nullable(
          v.pipe(v.string(), v.description("The HTTP status of the last attempt, or null before the first.")),
        ),
      }),
    ),
    v.description("The newest messages, at most 20."),
  ),
});

export const AlertListSchema = v.object({ results: v.array(AlertSchema) });
