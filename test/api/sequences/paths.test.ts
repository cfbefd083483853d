import * as v from "valibot";
import { beforeAll, describe, expect, it } from "vitest";
import { PathsResponse } from "../../../src/api/sequences/paths";
import { day, expectProblem, post, seedVisits } from "./visits";

beforeAll(seedVisits);

describe("POST /theeye/paths", () => {
  const paths = async (body: Record<string, unknown>) => {
    const response = await post("/theeye/paths", { ...day, ...body });
    expect(response.status).toBe(200);
    return v.parse(PathsResponse, await response.json());
  };

  it("counts what follows, the other keys and the end", async () => {
    const { levels, edges } = await paths({ start: { data: { path: "/" } }, by: "data.path", depth: 2, top: 2 });
    expect(levels).toEqual([
      [{ key: "/", count: 60 }],
      [
        { key: "/blog/0", count: 10 },
        { key: "/blog/1", count: 10 },
        { key: "(other)", count: 10 },
        { key: "(end)", count: 30 },
      ],
      [
        { key: "(none)", count: 10 },
        { key: "(end)", count: 20 },
      ],
    ]);
    expect(edges.filter(({ level }) => level === 1)).toEqual([
      { level: 1, from: "/blog/0", to: "(none)", count: 10 },
      { level: 1, from: "(other)", to: "(end)", count: 10 },
      { level: 1, from: "/blog/1", to: "(end)", count: 10 },
    ]);
  });

  it("goes back in time, and from one step to another", async () => {
    const before = await paths({ end: { category: "form" }, by: "name", depth: 1 });
    expect(before.levels).toEqual([[{ key: "submit", count: 10 }], [{ key: "pageview", count: 10 }]]);
    const between = await paths({ start: { data: { path: "/" } }, end: { category: "form" }, by: "type", depth: 6 });
    expect(between.levels.map((level) => level.map(({ key }) => key))).toEqual([
      ["page interaction / pageview"],
      ["page interaction / pageview"],
      ["form / submit"],
      ["(end)"],
    ]);
  });

  it("requires a start or an end", async () => {
    await expectProblem(await post("/theeye/paths", day), "invalid_parameter", { parameter: "start" });
    await expectProblem(await post("/theeye/paths", { ...day, start: {}, depth: 7 }), "invalid_parameter", {
      parameter: "depth",
    });
  });
});
