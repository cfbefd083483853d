import { join } from "node:path";
import { expect, test } from "vitest";
import { parseWranglerConfig, readWranglerConfig } from "../../../scripts/shared/wrangler-config.ts";

test("the project's file names the Worker and its databases", () => {
  const config = readWranglerConfig(join(import.meta.dirname, "../../../wrangler.toml"));
  expect(config.name).toBe("the-eye");
  expect(config.databases[0]).toEqual({ binding: "DB", name: "the-eye" });
});

test("a database without a name is refused with its path", () => {
  const toml = 'name = "x"\n[[d1_databases]]\nbinding = "DB"\n';
  expect(() => parseWranglerConfig(toml)).toThrow(/wrangler\.toml: d1_databases\.0\.database_name/);
});
