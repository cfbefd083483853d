import { expect, test } from "vitest";
import { anyMoment, commonLogMoment } from "../../../../../scripts/replay/formats/fields/moment.ts";
import { parseTimestamp } from "../../../../../src/model/time/time.ts";

test.each([
  ["05/Mar/2026:15:00:03 +0100", "2026-03-05T14:00:03Z"],
  ["5/Mar/2026:15:00:03.25 -03:30", "2026-03-05T18:30:03.25Z"],
  ["05/Mar/2026:15:00:03", "2026-03-05T15:00:03Z"],
])("%s is the time %s", (text, moment) => {
  expect(commonLogMoment(text)).toBe(parseTimestamp(moment));
});

test.each(["31/Feb/2026:15:00:03 +0100", "05/Foo/2026:15:00:03 +0100", "2026-03-05", "", "05/Mar/2026"])(
  "%s is none",
  (text) => {
    expect(commonLogMoment(text)).toBeNull();
  },
);

test.each<[unknown, string | null]>([
  [1_772_722_803, "2026-03-05T15:00:03Z"],
  ["1772722803.5", "2026-03-05T15:00:03.5Z"],
  ["2026-03-05T15:00:03Z", "2026-03-05T15:00:03Z"],
  ["2026/03/05 15:00:03.120", "2026-03-05T15:00:03.12Z"],
  ["05/Mar/2026:15:00:03 +0000", "2026-03-05T15:00:03Z"],
  ["soon", null],
  [null, null],
  [{}, null],
])("in JSON, %j is %s", (value, moment) => {
  expect(anyMoment(value)).toBe(moment === null ? null : parseTimestamp(moment));
});
