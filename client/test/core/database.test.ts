import { expect, test } from "vitest";
import { describeInBrowser } from "../test-page.ts";

const SCRIPT = `
  import { openDatabase } from "/core/database";
  globalThis.openDatabase = openDatabase;
  globalThis.entries = (...keys) => keys.map((key) => [key, { text: "text of " + key, isSaved: true }]);`;

describeInBrowser("the database of waiting events", (open) => {
  const start = async (init = "") => {
    const page = await open({ script: SCRIPT, init });
    return (script: string): Promise<unknown> => page.evaluate(script);
  };

  test("adds and removes entries, and returns the oldest", async () => {
    const run = await start();
    await run(`globalThis.database = openDatabase("one")`);
    expect(await run(`database(entries("3.9", "1.9", "2.9"), [], 2)`)).toEqual([
      ["1.9", { text: "text of 1.9" }],
      ["2.9", { text: "text of 2.9" }],
    ]);
    expect(await run(`database(entries("4.9"), entries("1.9", "3.9"))`)).toEqual([
      ["2.9", { text: "text of 2.9" }],
      ["4.9", { text: "text of 4.9" }],
    ]);
  });

  test("keeps them for later pages, apart from those of other names", async () => {
    const first = await start();
    await first(`openDatabase("two")(entries("1.9"), [])`);
    const second = await start();
    expect(await second(`openDatabase("two")([], [])`)).toEqual([["1.9", { text: "text of 1.9" }]]);
    expect(await second(`openDatabase("three")([], [])`)).toEqual([]);
  });

  test("rejects where storage is denied", async () => {
    const denied = `Object.defineProperty(self, "indexedDB", { value: { open: () => { throw new Error("denied"); } } });`;
    const run = await start(denied);
    await expect(run(`openDatabase("four")([], [])`)).rejects.toThrow("denied");
  });
});
