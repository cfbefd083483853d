import { expect, test } from "vitest";
import { describeInBrowser } from "../test-page.ts";

/**
 * `answers` are what the service says, one for each request; after them it accepts everything. `sent` has the ids of each
 * request. Events have three digits as ids, so that they sort.
 */
const SCRIPT = `
  import { createOutbox } from "/core/outbox";
  globalThis.sent = [];
  globalThis.answers = [];
  globalThis.drops = [];
  globalThis.alive = [];
  const send = async (body, keepalive) => {
    sent.push(JSON.parse(body).map(({ id }) => id));
    alive.push(keepalive);
    return answers.shift() ?? [202, 0];
  };
  globalThis.openOutbox = (name) => createOutbox(name, send, (drop) => drops.push(drop));
  globalThis.addTo = (outbox, from, count, more = {}) => {
    for (let n = from; n < from + count; n++) {
      const id = String(n).padStart(4, "0");
      outbox.add(id, JSON.stringify({ id, ...more }));
    }
  };`;

const ids = (from: number, count: number) => Array.from({ length: count }, (_, n) => String(from + n).padStart(4, "0"));
const NO_STORAGE = `Object.defineProperty(self, "indexedDB", { value: undefined });`;

let made = 0;

describeInBrowser("the outbox", (open) => {
  /** A page with an empty outbox `box`. */
  const start = async (init = "", name = `box ${made++}`) => {
    const page = await open({ script: SCRIPT, init });
    await page.evaluate(`globalThis.box = openOutbox(${JSON.stringify(name)})`);
    return {
      name,
      run: (...steps: string[]): Promise<unknown> => page.evaluate(`(async () => { ${steps.join(";\n")} })()`),
      read: (expression: string): Promise<unknown> => page.evaluate(expression),
    };
  };

  test.each([
    ["with storage", ""],
    ["without storage", NO_STORAGE],
  ])("sends events in order, in batches of at most 50, and each once: %s", async (_, init) => {
    const { run, read } = await start(init);
    await run("addTo(box, 0, 120)", "await box.flush()", "await box.flush()");
    expect(await read("sent")).toEqual([ids(0, 50), ids(50, 50), ids(100, 20)]);
    expect(await read("alive")).toEqual([false, false, false]);
  });

  test("keeps what was not accepted for a later page", async () => {
    const { name, run } = await start();
    await run("answers.push([503, 0])", "addTo(box, 0, 3)", "await box.flush()");
    const later = await start("", name);
    await later.run("await box.flush()");
    expect(await later.read("sent")).toEqual([ids(0, 3)]);
    const last = await start("", name);
    await last.run("await box.flush()");
    expect(await last.read("sent")).toEqual([]);
  });

  test("sends what earlier pages left soon after it resumes", async () => {
    const { name, run } = await start();
    await run("answers.push([0, 0])", "addTo(box, 0, 2)", "await box.flush()");
    const later = await start("", name);
    await later.run("box.resume()", "await new Promise((resolve) => setTimeout(resolve, 1200))");
    expect(await later.read("sent")).toEqual([ids(0, 2)]);
  });

  test("pauses after a failure, for as long as the service asks", async () => {
    const { run, read } = await start();
    await run("answers.push([429, 60_000])", "addTo(box, 0, 1)", "await box.flush()");
    // A full batch would be sent at once.
    await run("addTo(box, 1, 60)", "await new Promise((resolve) => setTimeout(resolve, 1200))");
    expect(await read("sent.length")).toBe(1);
    await run("await box.flush()");
    expect(await read("sent.length")).toBe(3);

    await run("answers.push([503, 1])", "addTo(box, 100, 1)", "await box.flush()");
    await run("await new Promise((resolve) => setTimeout(resolve, 10))", "addTo(box, 101, 60)");
    await run("await new Promise((resolve) => setTimeout(resolve, 200))");
    expect(await read("sent.length")).toBeGreaterThan(4);
  });

  test("halves a batch that is too large, and reports what is refused for good", async () => {
    const { run, read } = await start();
    await run("answers.push([413, 0], [413, 0], [202, 0], [400, 0])", "addTo(box, 0, 8)", "await box.flush()");
    expect(await read("sent")).toEqual([ids(0, 8), ids(0, 4), ids(0, 2), ids(2, 6)]);
    expect(await read("drops")).toEqual([{ count: 6, reason: "refused", status: 400 }]);
  });

  test("drops an event that is too large, and the oldest of more than 1,000", async () => {
    const { run, read } = await start();
    await run(`addTo(box, 0, 1, { text: "x".repeat(33_000) })`);
    expect(await read("drops")).toEqual([{ count: 1, reason: "too_large" }]);
    await run("drops.length = 0", "answers = Array(9).fill([0, 0])", "addTo(box, 0, 1010)", "await box.flush()");
    expect(await read("drops")).toEqual([{ count: 10, reason: "full" }]);
    await run("sent.length = answers.length = 0", "await box.flush()");
    expect(await read("sent[0][0]")).toBe("0010");
  });

  test("sends an event once when a page is hidden and then left", async () => {
    const { run, read } = await start();
    await run("addTo(box, 0, 3)", "box.leave()", "box.leave()", "await box.flush()");
    expect(await read("sent")).toEqual([ids(0, 3)]);
  });

  test("sends in a request that outlives the page when it is left, up to what browsers allow", async () => {
    const { run, read } = await start();
    await run(`addTo(box, 0, 5, { text: "x".repeat(20_000) })`, "box.leave()");
    expect(await read("[sent, alive]")).toEqual([[ids(0, 2)], [true]]);
    await run("await new Promise((resolve) => setTimeout(resolve, 50))", "await box.flush()");
    expect(await read("sent.flat().toSorted()")).toEqual(ids(0, 5));
  });
});
