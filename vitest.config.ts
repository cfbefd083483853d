import { cloudflareTest, readD1Migrations } from "@cloudflare/vitest-pool-workers";
import { defineConfig } from "vitest/config";
import { testsWithoutPlatform } from "./test/without-platform.ts";

/** Tests inside workerd, against real KV, Queues, Durable Objects and D1: three databases, to prove the fan-out. */
export default defineConfig(async () => ({
  define: { PROPERTY_SEED: JSON.stringify(process.env.SEED ?? "1") },
  plugins: [
    cloudflareTest({
      wrangler: { configPath: "./wrangler.toml" },
      miniflare: {
        d1Databases: ["DB", "DB_1", "DB_2"],
        // Queues that nothing consumes: a batch that is delivered while a test file ends would never come to its end. Tests hand
        // their batches to the consumers themselves.
        queueProducers: Object.fromEntries(
          ["EVENTS", "DEAD_LETTERS", "REPLAYS", "COMPACTION", "JOBS", "ERASURES"].map((binding) => [
            binding,
            { queueName: `unconsumed-${binding.toLowerCase().replace("_", "-")}` },
          ]),
        ),
        bindings: {
          // A change of the rules is in force at once, and each batch reads them anew.
          RULE_LEAD_SECONDS: 0,
          TEST_MIGRATIONS: await readD1Migrations("migrations"),
          // For test/simulation: a seed to replay, and how many seeds to run.
          ...(process.env.SEED === undefined ? {} : { SEED: process.env.SEED }),
          ...(process.env.SEEDS === undefined ? {} : { SEEDS: process.env.SEEDS }),
        },
      },
    }),
  ],
  test: {
    include: ["test/**/*.test.ts"],
    exclude: ["test/system/**", "test/scripts/**", "test/node/**", ...testsWithoutPlatform()],
    setupFiles: ["./test/property-seed.ts", "./test/apply-migrations.ts"],
    maxWorkers: 2,
    // The log lines of passing tests would bury the failing one.
    silent: "passed-only",
    testTimeout: 30_000,
    hookTimeout: 60_000,
  },
}));
