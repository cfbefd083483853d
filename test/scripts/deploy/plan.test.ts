import { expect, test } from "vitest";
import { describePlan, planDeployment } from "../../../scripts/deploy/plan.ts";

const TWO = {
  name: "the-eye",
  databases: [
    { binding: "DB", name: "the-eye" },
    { binding: "DB_1", name: "the-eye-1" },
  ],
  queues: ["the-eye-events"],
  settings: [],
  archiveBucket: "the-eye-archive",
};

test("every database is created and migrated before the Worker is deployed, and steps that need the Worker come last", () => {
  expect(planDeployment(TWO).map((step) => step.args.join(" "))).toEqual([
    "whoami --json",
    "d1 create the-eye --update-config=false",
    "d1 create the-eye-1 --update-config=false",
    "d1 migrations apply DB --remote",
    "d1 migrations apply DB_1 --remote",
    "deploy",
    "secret put ADMIN_KEY",
    "queues update the-eye-events --message-retention-period-secs 1209600",
  ]);
});

test("the plan contains no local key", () => {
  expect(JSON.stringify(planDeployment(TWO))).not.toMatch(/eye_[wra]_/);
});

test("the description has each command line and each condition", () => {
  const text = describePlan(planDeployment(TWO));
  expect(text).toContain("2. Create the database the-eye\n   wrangler d1 create the-eye --update-config=false");
  expect(text).toContain("unless `wrangler d1 list --json` lists the-eye-1");
  expect(text).toContain("unless `wrangler secret list --format json` lists ADMIN_KEY");
});
