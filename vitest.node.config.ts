import { defineConfig } from "vitest/config";

/** Tests in Node: of the scripts, and of the whole system over HTTP. Those in workerd have vitest.config.ts. */
export default defineConfig({
  test: {
    projects: [
      // Of the Worker only what workerd cannot measure: its memory.
      { test: { name: "scripts", include: ["test/scripts/**/*.test.ts", "test/node/**/*.test.ts"] } },
      { define: { VERSION: '"0.0.0"' }, test: { name: "client", include: ["client/test/**/*.test.ts"] } },
      {
        test: {
          name: "system",
          include: ["test/system/**/*.test.ts"],
          // Each file starts a service of its own; two cores hold one at a time.
          fileParallelism: false,
          testTimeout: 120_000,
          hookTimeout: 180_000,
        },
      },
    ],
  },
});
