import { expect, it } from "vitest";
import { requestOf } from "../../../src/model/questions/saved-question";

it("sends the members of a query with a body as its body", () => {
  const members = { steps: [{}, { name: "a" }], start_date: "2021-01-01" };
  expect(requestOf("funnels", members)).toEqual({
    ...{ method: "POST", path: "/theeye/funnels" },
    body: '{"steps":[{},{"name":"a"}],"start_date":"2021-01-01"}',
  });
});

it("writes the members of other queries into the URL, escaped, lists as repeated parameters", () => {
  const members = { metric: "sum:price", top: 5, "data.path": ["/a&b", "not:/c d"], empty: [] };
  expect(requestOf("stats", members)).toEqual({
    ...{ method: "GET", body: null },
    path: "/theeye/stats?metric=sum%3Aprice&top=5&data.path=%2Fa%26b&data.path=not%3A%2Fc+d",
  });
});
