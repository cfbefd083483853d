declare namespace Cloudflare {
  /** What vitest.config.ts binds besides wrangler.toml. */
  interface Env {
    TEST_MIGRATIONS: import("cloudflare:test").D1Migration[];
    SEED?: string;
    SEEDS?: string;
  }
}
