import { expect, test } from "vitest";
import { runToEnd } from "./service.ts";

test.skipIf(process.platform === "win32")(
  "a kill in the midst of load loses nothing that is sent again, and doubles nothing",
  { timeout: 400_000 },
  async () => {
    const args = ["run", "crash-test", "--", "--rounds", "1", "--events", "300", "--seed", "2"];
    const { code, output } = await runToEnd("npm", args);
    expect(output).toContain("None is lost and none doubled.");
    expect(code).toBe(0);
  },
);
