import { expect, test } from "vitest";
import { runToEnd } from "../service.ts";

test.skipIf(process.platform === "win32")(
  "a kill under load loses no event that is sent again, and duplicates none",
  { timeout: 400_000 },
  async () => {
    const args = ["run", "crash-test", "--", "--rounds", "1", "--events", "300", "--seed", "2"];
    const { code, output } = await runToEnd("npm", args);
    expect(output).toContain("No event is lost, and none is stored twice.");
    expect(code).toBe(0);
  },
);
