import { expect, test } from "vitest";
import { describeInBrowser, recorded } from "./test-page.ts";

const SCRIPT = `import { captureErrors } from "/errors"; captureErrors(recorder);`;

describeInBrowser("captureErrors", (open) => {
  const throwing = (...scripts: string[]) =>
    scripts.map((script) => `setTimeout(() => { ${script} });`).join("") +
    `new Promise((resolve) => setTimeout(resolve, 50))`;

  test("records uncaught errors and unhandled rejections with their place", async () => {
    const page = await open({ script: SCRIPT });
    await page.evaluate(throwing(`throw new Error("broken")`, `Promise.reject("no reason")`));
    expect(await recorded(page)).toEqual([
      [
        ...["error", "uncaught error"],
        expect.objectContaining({
          path: "/start",
          message: "broken",
          line: 1,
          stack: expect.stringContaining("broken"),
        }),
      ],
      ["error", "unhandled rejection", { host: "localhost", path: "/start", message: "no reason" }],
    ]);
  });

  test("records the first five only, and cuts long ones", async () => {
    const page = await open({ script: SCRIPT });
    await page.evaluate(throwing(...Array.from({ length: 7 }, () => `throw new Error("x".repeat(5000))`)));
    const records = await recorded(page);
    expect(records).toHaveLength(5);
    expect([String(records[0]?.[2].message).length, String(records[0]?.[2].stack).length]).toEqual([2_000, 2_000]);
  });
});
