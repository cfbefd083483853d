import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { startLocalService } from "../../../scripts/shared/local-service.ts";

const folder = mkdtempSync(join(tmpdir(), "the-eye-service-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** The crash test of the whole system starts, kills and stops it. */
test("a service that cannot start is an error with its output", async () => {
  const file = join(folder, "file");
  writeFileSync(file, "no folder");
  await expect(startLocalService(join(file, "state"))).rejects.toThrow(/^npm start ended:\n.* is a file, not a folder/);
});
