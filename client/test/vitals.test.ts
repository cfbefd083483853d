import { expect, test } from "vitest";
import { describeInBrowser, recorded } from "./test-page.ts";

describeInBrowser("captureVitals", (open) => {
  test("records the measurements of the page with their ratings, one event each", async () => {
    const page = await open({
      body: "<h1>Something to paint</h1>",
      script: `import { captureVitals } from "/vitals"; captureVitals(recorder);`,
    });
    await page.waitForFunction(() => Reflect.get(globalThis, "records").length >= 2);
    const found = new Map((await recorded(page)).map(([category, name, data]) => [name, { category, data }]));
    expect([...found.keys()]).toEqual(expect.arrayContaining(["FCP", "TTFB"]));
    for (const { category, data } of found.values()) {
      expect(category).toBe("web vitals");
      expect(data).toEqual({
        ...{ host: "localhost", path: "/start", value: expect.any(Number) },
        ...{ rating: expect.stringMatching(/^(good|needs-improvement|poor)$/), navigation: "navigate" },
      });
      expect(Number(data.value) * 1_000).toBeCloseTo(Math.round(Number(data.value) * 1_000), 6);
    }
  });
});
