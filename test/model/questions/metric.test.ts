import { expect, it } from "vitest";
import { parseMetric } from "../../../src/model/questions/metric";

it.each([
  ["events", { kind: "events", property: null }],
  ["visitors", { kind: "visitors", property: null }],
  ["sum:price", { kind: "sum", property: { name: "price", path: ["price"] } }],
  ['p99:form."a.b"', { kind: "p99", property: { name: 'form."a.b"', path: ["form", "a.b"] } }],
  ["avg:a:b", { kind: "avg", property: { name: "a:b", path: ["a:b"] } }],
  ["sum", null],
  ["sum:", null],
  ["sum:a..b", null],
  ["p95:price", null],
  ["events:price", null],
  [" events", null],
  ["Events", null],
])("reads %j as %j", (text, metric) => {
  expect(parseMetric(text)).toEqual(metric);
});
