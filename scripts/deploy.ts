/**
 * `npm run deploy`: creates everything that The Eye needs in a Cloudflare account, from wrangler.toml. `-- --dry-run` shows
 * the plan and builds the Worker without a login. `-- --wrangler FILE` uses another wrangler, for tests.
 */
import { join } from "node:path";
import { execute } from "./deploy/execute.ts";
import { describePlan, planDeployment } from "./deploy/plan.ts";
import { readFlags } from "./shared/flags.ts";
import { QUIET, run, WRANGLER } from "./shared/wrangler.ts";
import { readWranglerConfig } from "./shared/wrangler-config.ts";

const ROOT = join(import.meta.dirname, "..");

// With CI set, wrangler asks no questions, and does not write the ids of new resources into wrangler.toml. With those ids a
// local service would use other databases than before.
const ENVIRONMENT = { ...process.env, ...QUIET, CI: "true" };

async function main(): Promise<number> {
  process.chdir(ROOT);
  const values = readFlags(
    { "dry-run": { type: "boolean", default: false }, wrangler: { type: "string" } },
    "npm run deploy -- [--dry-run] [--wrangler FILE]",
  );
  const command = values.wrangler === undefined ? WRANGLER : [process.execPath, values.wrangler];
  const wrangler = (args: readonly string[], input?: string) => run([...command, ...args], ENVIRONMENT, input);
  const steps = planDeployment(readWranglerConfig("wrangler.toml"));

  if (values["dry-run"]) {
    console.log(`The deployment would run:\n\n${describePlan(steps)}\n`);
    const built = await wrangler(["deploy", "--dry-run"]);
    console.log(built.output.trim());
    return built.code;
  }

  const deployed = await execute(steps, { wrangler, print: console.log });
  if (!deployed.ok) {
    console.error(`\n${deployed.message}`);
    return 1;
  }
  if (deployed.adminKey !== null) {
    console.log(`\nThe first admin key. It is shown only now and stored nowhere else:\n\n  ${deployed.adminKey}\n`);
  }
  console.log("Deployed.");
  return 0;
}

process.exitCode = await main();
