import { describe, expect, it } from "vitest";
import { WorkMeter } from "../../../src/model/work-meter";
import { compileSchema } from "../../../src/rules/compile-schema";
import { checkFormat } from "../../../src/rules/json-schema/formats";
import { ASSERTED_FORMATS } from "../../../src/rules/schema-keywords";
import { describeVerdicts } from "./verdicts";

describeVerdicts([
  ["format is asserted", { format: "date" }, ["2026-02-28", 7, null], ["2026-02-30", ""]],
  ["an unknown format is an annotation", { format: "colour" }, ["anything"], []],
]);

describe("a format", () => {
  const samples: Record<string, [string, string]> = {
    date: ["2024-02-29", "2023-02-29"],
    time: ["23:59:59Z", "24:00:00Z"],
    "date-time": ["2026-01-01T00:00:00.5+02:00", "2026-01-01"],
    duration: ["P1DT12H", "P"],
    email: ["joe@example.com", "joe@"],
    hostname: ["www.example.com", "-x.example"],
    ipv4: ["127.0.0.1", "256.0.0.1"],
    ipv6: ["::1", ":1"],
    uri: ["https://example.com/a?b#c", "/a"],
    "uri-reference": ["/a", "\\\\x"],
    uuid: ["e2085be5-9137-4e4e-80b5-f1ffddc25423", "e2085be5"],
    "json-pointer": ["/a/~0", "/~2"],
    "relative-json-pointer": ["1/a", "-1"],
  };

  it.each(ASSERTED_FORMATS)("%s is validated, and is fast with texts made to be slow", (format) => {
    const [fits, fails] = samples[format] ?? ["", ""];
    const check = compileSchema({ format });
    expect([check(fits), check(fails).length]).toEqual([[], 1]);
    for (const pump of ["a", "a.", "1", ":", "%41", "/a", "a@", "P1", "1:", "-", "http://a", "[", "~0/"]) {
      const started = performance.now();
      for (const start of ["", fits]) check(`${start}${pump.repeat(32_768 / pump.length)}\n`);
      expect(performance.now() - started).toBeLessThan(1_000);
    }
  });
});

it("a text that is too long for a format is not searched", () => {
  const meter = new WorkMeter(100);
  expect(checkFormat("email")("a".repeat(30_000), meter)).toBe(false);
  expect(meter.spent).toBe(0);
});
