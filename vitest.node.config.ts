import { defineConfig } from "vitest/config";
import { testsWithoutPlatform } from "./test/without-platform.ts";

const define = { PROPERTY_SEED: JSON.stringify(process.env.SEED ?? "1") };
const setupFiles = ["./test/property-seed.ts"];

/**
 * Tests in Node: of code without the platform, of the scripts, the client library, and the whole system over HTTP.
 * vitest.config.ts has the tests in workerd.
 */
export default defineConfig({
  test: {
    projects: [
      { define, test: { name: "unit", include: testsWithoutPlatform(), setupFiles } },
      // Tests of the Worker itself are here only if workerd cannot run them, such as measuring memory.
      {
        define,
        test: {
          name: "scripts",
          include: ["test/scripts/**/*.test.ts", "test/node/**/*.test.ts"],
          setupFiles,
          hookTimeout: 60_000,
        },
      },
      {
        define: { VERSION: '"0.0.0"' },
        // Many of its tests open a page in a browser.
        test: { name: "client", include: ["client/test/**/*.test.ts"], testTimeout: 30_000 },
      },
      {
        test: {
          name: "system",
          include: ["test/system/**/*.test.ts"],
          // Each file starts its own service. Two at a time use two cores well, since each also waits for timers.
          maxWorkers: 2,
          testTimeout: 120_000,
          hookTimeout: 180_000,
        },
      },
    ],
  },
});
