import { QUEUE_RETENTION_SECONDS } from "../../src/model/limits.ts";
import type { WranglerConfig } from "../shared/wrangler-config.ts";

/** One command of a deployment, as arguments for wrangler. */
export interface Step {
  title: string;
  args: readonly string[];
  /** The step is already done if this command lists (as JSON) an entry with this `name`. */
  unless?: { args: readonly string[]; lists: string };
  /** The command reads a new admin key from its standard input. */
  input?: "admin key";
  /** What to do if the command fails, besides running the deployment again. */
  fix: string;
}

export const ADMIN_KEY = "ADMIN_KEY";

/**
 * The commands of a deployment, in order. Each can be repeated. Databases come first and are migrated before the code that
 * needs the tables serves. `wrangler deploy` finds them by name, and creates the KV namespace, the bucket and the queues
 * (all of them have the Worker as a producer). The secret and the retention of the queues come last, because they need the
 * Worker and its queues.
 */
export function planDeployment(config: WranglerConfig): Step[] {
  return [
    {
      title: "Check the login",
      args: ["whoami", "--json"],
      fix: "Log in with `npx wrangler login`, or set CLOUDFLARE_API_TOKEN. With several accounts, set CLOUDFLARE_ACCOUNT_ID.",
    },
    ...config.databases.map(({ name }) => ({
      title: `Create the database ${name}`,
      args: ["d1", "create", name, "--update-config=false"],
      unless: { args: ["d1", "list", "--json"], lists: name },
      fix: "Nothing is deployed yet. The token needs the permission to edit D1.",
    })),
    ...config.databases.map(({ binding, name }) => ({
      title: `Migrate the database ${name}`,
      args: ["d1", "migrations", "apply", binding, "--remote"],
      fix: "The failed migration is rolled back, and the previous code still serves.",
    })),
    {
      title: "Deploy the Worker with its KV namespace, bucket and queues",
      args: ["deploy"],
      fix: `The databases are ready. If an earlier attempt left a KV namespace "${config.name}-keys", write its id into wrangler.toml (\`npx wrangler kv namespace list\`).`,
    },
    {
      title: "Set the first admin key",
      args: ["secret", "put", ADMIN_KEY],
      unless: { args: ["secret", "list", "--format", "json"], lists: ADMIN_KEY },
      input: "admin key",
      fix: "The Worker serves, but has no admin key yet, so no application can be created.",
    },
    ...config.queues.map((name) => ({
      title: `Keep the messages of ${name} for 14 days`,
      args: ["queues", "update", name, "--message-retention-period-secs", String(QUEUE_RETENTION_SECONDS)],
      fix: "The service is deployed. But the queue keeps messages only for its default time, so a long outage of a database would lose events. Retention of more than a day needs the Workers Paid plan.",
    })),
  ];
}

/** The plan as text, with command lines to run by hand. */
export function describePlan(steps: readonly Step[]): string {
  return steps
    .map((step, index) => {
      const lines = [`${index + 1}. ${step.title}`, `   wrangler ${step.args.join(" ")}`];
      if (step.unless) lines.push(`   unless \`wrangler ${step.unless.args.join(" ")}\` lists ${step.unless.lists}`);
      if (step.input) lines.push("   with a new random key on its standard input, shown once");
      return lines.join("\n");
    })
    .join("\n");
}
