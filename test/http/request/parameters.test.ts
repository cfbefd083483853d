import { toJsonSchema } from "@valibot/to-json-schema";
import * as v from "valibot";
import { describe, expect, it } from "vitest";
import { ErrorsParameters } from "../../../src/api/errors/errors";
import { EventsParameters } from "../../../src/api/events/events";
import { StatsParameters } from "../../../src/api/questions/stats/stats-parameters";
import { SessionParameters } from "../../../src/api/sessions/session";
import { SessionsParameters } from "../../../src/api/sessions/session-parameters";
import {
  ApplicationParameter,
  endDateParameter,
  LimitParameter,
  orderParameter,
  readParameters,
  refuseReversedRange,
  startDateParameter,
} from "../../../src/http/request/parameters";
import { expectRefusal } from "../expect-refusal";

const schema = v.object({
  application: ApplicationParameter,
  start_date: startDateParameter("of occurrence"),
  end_date: endDateParameter("of occurrence"),
  order: orderParameter("desc"),
  limit: LimitParameter,
});

const NINE = 1_609_492_527_000_000;

function read(query: string) {
  return readParameters(`https://eye.example/theeye/events${query}`, schema);
}

describe("readParameters", () => {
  it("fills in the page size and ignores a key", () => {
    expect(read("?key=eye_r_local")).toEqual({ limit: 100 });
    expect(read("?limit=1000&order=asc&application=shop")).toEqual({ limit: 1_000, order: "asc", application: "shop" });
  });

  it.each([
    ["2021-01-01T09:15:27Z", NINE, NINE],
    ["2021-01-01 09:15:27.000001", NINE + 1, NINE + 1],
    ["2021-01-01T11:15:27%2B02:00", NINE, NINE],
    ["2021-01-01T11:15:27+02:00", NINE, NINE],
    ["20210101T111527+0200", NINE, NINE],
    ["Fri,+01+Jan+2021+09:15:27+GMT", NINE, NINE],
    ["2021-01-01T11:15:27.5+0200", NINE + 500_000, NINE + 500_000],
    ["2021-01-01+09:15:27", NINE, NINE],
    ["2021-01-01", 1_609_459_200_000_000, 1_609_545_599_999_999],
  ])("accepts %s as the start and the end of a range, both inclusive", (text, start, end) => {
    expect(read(`?start_date=${text}&end_date=${text}`)).toMatchObject({ start_date: start, end_date: end });
  });

  it.each([
    ["?sesion_id=a", "sesion_id"],
    ["?limit=5&limit=6", "limit"],
    ["?application=", "application"],
    ["?limit=0", "limit"],
    ["?limit=1001", "limit"],
    ["?limit=1.5", "limit"],
    ["?limit=all", "limit"],
    ["?order=up", "order"],
    ["?start_date=yesterday", "start_date"],
    ["?end_date=2021-02-29", "end_date"],
    [`?application=${"x".repeat(65)}`, "application"],
    ["?__proto__=1", "__proto__"],
  ])("refuses %s and names the parameter", (query, parameter) => {
    const refusal = expectRefusal(read(query), "invalid_parameter");
    expect(refusal.members.parameter).toBe(parameter);
    expect(refusal.detail).not.toBe("");
  });

  it("lists the known parameters if one is unknown", () => {
    const refusal = expectRefusal(read("?sesion_id=a"), "invalid_parameter");
    expect(refusal.members.takes).toEqual(["application", "start_date", "end_date", "order", "limit"]);
  });
});

describe("the schemas of parameters", () => {
  it("can be written as JSON Schema, each with its description", () => {
    for (const schemaOf of [
      EventsParameters,
      SessionsParameters,
      SessionParameters,
      ErrorsParameters,
      StatsParameters,
    ]) {
      for (const entry of Object.values(schemaOf.entries)) {
        expect(toJsonSchema(entry, { typeMode: "input" }).description ?? "").not.toBe("");
      }
    }
  });
});

describe("refuseReversedRange", () => {
  it("refuses a range that ends before it starts", () => {
    expectRefusal(refuseReversedRange({ start_date: 2, end_date: 1 }), "invalid_parameter");
  });

  it("accepts a range of one instant, and open ranges", () => {
    expect(refuseReversedRange({ start_date: 1, end_date: 1 })).toBeNull();
    expect(refuseReversedRange({ start_date: 1 })).toBeNull();
  });
});
