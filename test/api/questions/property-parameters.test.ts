import { describe, expect, it } from "vitest";
import { readPropertyFilters } from "../../../src/api/questions/property-parameters";
import { Refusal } from "../../../src/http/problem";
import { expectRefusal } from "../../http/expect-refusal";

const read = (query: string) => readPropertyFilters(`https://eye.example/theeye/stats?${query}`);

const many = (count: number, of: (n: number) => string) => Array.from({ length: count }, (_, n) => of(n)).join("&");

describe("readPropertyFilters", () => {
  it("separates the filters from the other parameters, which stay as they are", () => {
    const found = read("top=5&data.path=/blog/*&data.path=not:/blog/1&application=shop&data.form.plan=3");
    expect(found).toEqual({
      url: "https://eye.example/theeye/stats?top=5&application=shop",
      filters: [
        {
          property: { name: "path", path: ["path"] },
          any: [{ kind: "begins", text: "/blog/" }],
          none: [{ kind: "is", text: "/blog/1" }],
        },
        { property: { name: "form.plan", path: ["form", "plan"] }, any: [{ kind: "is", text: "3" }], none: [] },
      ],
    });
  });

  it("accepts up to 4 properties with up to 100 values each", () => {
    expect(read(many(4, (n) => `data.p${n}=1`))).not.toBeInstanceOf(Refusal);
    expect(read(many(100, (n) => `data.path=${n}`))).not.toBeInstanceOf(Refusal);
  });

  it.each([
    ["an empty value", "data.path=", "data.path", /: it is empty/],
    ["an empty value beside others", "data.path=/&data.path=", "data.path", /: it is empty/],
    ["a malformed path", "data.a..b=1", "data.a..b", /keys joined by dots/],
    ["a fifth property", many(5, (n) => `data.p${n}=1`), "data.p0", /at most 4 properties/],
    ["more than 100 values", many(101, (n) => `data.path=${n}`), "data.path", /at most 100 values/],
    [
      "a long name, and quotes only its beginning",
      `data.${"x".repeat(300)}=1`,
      `data.${"x".repeat(59)}`,
      /keys joined/,
    ],
  ])("refuses %s", (_, query, parameter, detail) => {
    const refusal = expectRefusal(read(query), "invalid_parameter");
    expect(refusal.members).toEqual({ parameter });
    expect(refusal.detail).toMatch(detail);
  });
});
