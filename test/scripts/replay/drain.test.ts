import { expect, test } from "vitest";
import { drain } from "../../../scripts/replay/drain.ts";
import type { Io } from "../../../scripts/replay/request.ts";

const OPTIONS = {
  url: "http://eye",
  key: "eye_r_local",
  from: "2020-01-01T00:00:00.000000Z",
  to: "2020-01-02T00:00:00.000000Z",
  sentFrom: "2020-02-01T00:00:00.000Z",
  timeoutMs: 5_000,
};

/** A service whose lists grow with the clock: each entry shows from its moment on. Pages hold two. */
function service(events: [id: string, at: number][], errors: [id: string, at: number][]): Io {
  let clock = 0;
  return {
    now: () => clock,
    pause: async (ms) => {
      clock += ms;
    },
    fetch: async (address) => {
      const url = new URL(address);
      const isEvents = url.pathname === "/theeye/events";
      const from = Number(url.searchParams.get("cursor") ?? 0);
      const visible = (isEvents ? events : errors).filter(([, at]) => at <= clock);
      const results = visible
        .slice(from, from + 2)
        .map(([id]) => (isEvents ? { id } : { id: `error of ${id}`, event_id: id }));
      const more = visible.length > from + 2;
      return Response.json({ results, next: more ? `${url.pathname}?cursor=${from + 2}` : null });
    },
  };
}

test("counts what was sent, wherever it ended, and nothing else", async () => {
  const io = service([["a", 0], ["x", 0], ["b", 0], ["c", 2_000]], [["d", 3_000], ["y", 0]]); // biome-ignore format: one service a line
  expect(await drain(io, ["a", "b", "c", "d"], OPTIONS, () => undefined)).toEqual({
    stored: 3,
    errors: 1,
    missing: [],
  });
});

test("gives up when nothing has moved for the timeout, and names what is missing", async () => {
  const io = service([["a", 4_000]], []);
  expect(await drain(io, ["a", "b"], OPTIONS, () => undefined)).toEqual({ stored: 1, errors: 0, missing: ["b"] });
  expect(io.now()).toBeGreaterThanOrEqual(9_000);
});

test("tells how many have arrived", async () => {
  const settled: number[] = [];
  await drain(service([["a", 0]], [["b", 1_000]]), ["a", "b"], OPTIONS, (n) => settled.push(n));
  expect(settled).toEqual([1, 2]);
});
