import { expect, it } from "vitest";
import { csvHeader, csvLine, flattenedPaths } from "../../../src/api/exports/csv";
import type { FoundEvent } from "../../../src/storage/events/named-events";

function found(event: Partial<FoundEvent>): FoundEvent {
  return {
    key: { occurredAt: 0, receivedAfter: 0, session: "ts", tie: 0 },
    ...{ session: "s", application: "shop", category: "c", name: "n", occurredAt: 1, receivedAt: 2, id: "i" },
    ...{ data: "{}", context: null, extra: null, visitor: null },
    ...event,
  };
}

it("quotes values if necessary, and copies JSON unchanged", () => {
  const event = found({ session: 'a "b", c', data: '{"x":1}', visitor: "v\n" });
  expect(csvLine(event, [])).toBe(
    '"a ""b"", c",shop,c,n,1970-01-01T00:00:00.000001Z,1970-01-01T00:00:00.000002Z,i,"v\n","{""x"":1}",,\r\n',
  );
  expect(csvHeader(["form.name"]).trim().split(",").at(-1)).toBe("data.form.name");
});

it("flattens paths of the payload", () => {
  const data = '{"host":"h","form":{"name":"J","tags":[1,2]},"n":0,"no":null,"a.b":1,"__proto__":{"x":2}}';
  const paths = flattenedPaths([found({ data }), found({ data: '{"late":true}' })]);
  expect(paths).toEqual(["__proto__.x", "form.name", "form.tags", "host", "late", "n", "no"]);
  const line = csvLine(found({ data }), [...paths, "toString", "host.deeper"]);
  expect(line.trimEnd().endsWith(',,,2,J,"[1,2]",h,,0,,,')).toBe(true);
});
