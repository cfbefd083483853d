import { expect, it } from "vitest";
import { loggedRun } from "../../../src/storage/core/logged-run";

async function linesOf(run: () => Promise<Record<string, number> | null>) {
  const lines: Record<string, unknown>[] = [];
  await loggedRun((line) => lines.push(line), "sweep", run);
  return lines;
}

it("logs what was done", async () => {
  expect(await linesOf(async () => ({ hours: 2, rows: 5 }))).toEqual([{ log: "sweep", hours: 2, rows: 5 }]);
});

it("logs nothing if there was nothing to do", async () => {
  expect(await linesOf(async () => null)).toEqual([]);
});

it("logs why a run failed, and lets the other work go on", async () => {
  const fails = async () => {
    throw new Error("D1 is away");
  };
  expect(await linesOf(fails)).toEqual([{ log: "sweep_failed", reason: "D1 is away" }]);
});
