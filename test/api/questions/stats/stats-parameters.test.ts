import { describe, expect, it } from "vitest";
import { readProperty, StatsParameters } from "../../../../src/api/questions/stats/stats-parameters";
import { Refusal } from "../../../../src/http/problem";
import { readParameters } from "../../../../src/http/request/parameters";
import { expectRefusal } from "../../../http/expect-refusal";

const read = (query: string) => readParameters(`https://eye.example/theeye/stats?${query}`, StatsParameters);

describe("readProperty", () => {
  it.each([
    ["data.path", { name: "path", path: ["path"] }],
    ['data.form."a.b"', { name: 'form."a.b"', path: ["form", "a.b"] }],
    ["path", null],
    ["data.", null],
    ["data", null],
    ["data.a..b", null],
  ])("reads %s as %j", (text, property) => {
    expect(readProperty(text)).toEqual(property);
  });
});

describe("StatsParameters", () => {
  it("counts events by the hour, in UTC, from a sample if there are many, unless told otherwise", () => {
    const asked = read("");
    expect(asked).not.toBeInstanceOf(Refusal);
    expect(asked).toMatchObject({
      ...{ metric: { kind: "events", property: null }, interval: "hour", timezone: { name: "UTC" }, accuracy: "fast" },
    });
    expect(asked).not.toHaveProperty("group_by");
  });

  it("keeps the order of the dimensions", () => {
    expect(read("group_by=data.path,application,data.form.name")).toMatchObject({
      group_by: [
        { kind: "property", property: { name: "path" } },
        { kind: "application" },
        { kind: "property", property: { path: ["form", "name"] } },
      ],
    });
  });

  it.each(["top=1", "top=1000", "group_by=application,category,name", "group_by=application,data.a,data.b"])(
    "accepts %s",
    (query) => {
      expect(read(query)).not.toBeInstanceOf(Refusal);
    },
  );

  it.each([
    ["metric=average", "metric", /sum:price/],
    ["interval=year", "interval", /minute, hour, day, week, month, none/],
    ["group_by=application,data.a,data.b,data.c", "group_by", /at most 3 of them and 2 paths/],
    ["group_by=data.a,data.b,data.c", "group_by", /2 paths/],
    ["group_by=name,name", "group_by", /each once/],
    ["group_by=name,", "group_by", /separated by commas/],
    ["group_by=session", "group_by", /such as data\.path/],
    ["top=0", "top", /from 1 to 1000/],
    ["top=1001", "top", /from 1 to 1000/],
    ["top=1.5", "top", /from 1 to 1000/],
    ["compare=last_year", "compare", /previous_period or previous_year/],
    ["accuracy=slow", "accuracy", /fast or exact/],
  ])("refuses %s and says what it takes", (query, parameter, detail) => {
    const refusal = expectRefusal(read(query), "invalid_parameter");
    expect(refusal.members).toMatchObject({ parameter });
    expect(refusal.detail).toMatch(detail);
  });
});
