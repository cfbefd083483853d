import { defineConfig } from "vitest/config";

/**
 * Tests in Node: of the scripts, the client library, and the whole system over HTTP. vitest.config.ts has the tests in
 * workerd.
 */
export default defineConfig({
  test: {
    projects: [
      // Tests of the Worker itself are here only if workerd cannot run them, such as measuring memory.
      { test: { name: "scripts", include: ["test/scripts/**/*.test.ts", "test/node/**/*.test.ts"] } },
      { define: { VERSION: '"0.0.0"' }, test: { name: "client", include: ["client/test/**/*.test.ts"] } },
      {
        test: {
          name: "system",
          include: ["test/system/**/*.test.ts"],
          // Each file starts its own service, and two cores can run one at a time.
          fileParallelism: false,
          testTimeout: 120_000,
          hookTimeout: 180_000,
        },
      },
    ],
  },
});
