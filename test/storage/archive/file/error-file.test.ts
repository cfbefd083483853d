import { describe, expect, it } from "vitest";
import { ERROR_NAMES, ErrorFileWriter, visitorIn } from "../../../../src/storage/archive/file/error-file";
import { groupsIn, soughtOf } from "../../../../src/storage/archive/file/session-index";
import { MINUTE, MORNING } from "../../seed";
import { archivedError } from "../archived-files";

describe("a file of errors", () => {
  const indexOf = (errors: Parameters<typeof archivedError>[0][]) => {
    const writer = new ErrorFileWriter();
    for (const error of errors) writer.add(archivedError(error));
    const file = writer.finish();
    const entries = file.index.buckets.map((bucket) => bucket.entries).join("");
    return { file, holds: (name: string) => groupsIn(entries, soughtOf(name).fingerprint) !== null };
  };

  it("describes its errors: times of receipt, and applications without the missing ones", () => {
    const { file } = indexOf([
      { receivedAt: MORNING, application: null },
      { receivedAt: MORNING + MINUTE, application: "shop" },
      { receivedAt: MORNING + 2 * MINUTE, application: "blog" },
    ]);
    expect(file).toMatchObject({ first: MORNING, last: MORNING + 2 * MINUTE, applications: ["blog", "shop"], rows: 3 });
  });

  it("is found by id, session, session of the resolved event, and visitor", () => {
    const { holds } = indexOf([
      { id: "e1", session: "s", resolvedSession: "r", content: '{"visitor_id":"vera"}' },
      { id: "e2", session: null, content: null },
    ]);
    const { id, session, visitor, unreadable } = ERROR_NAMES;
    expect([id("e1"), id("e2"), session("s"), session("r"), visitor("vera")].map(holds)).toEqual(Array(5).fill(true));
    expect([id("s"), session("vera"), unreadable, "s", "vera"].map(holds)).toEqual(Array(5).fill(false));
  });

  it("is found as unreadable if content is not JSON", () => {
    expect(indexOf([{ content: '{"visitor_id":"ve' }]).holds(ERROR_NAMES.unreadable)).toBe(true);
  });
});

it.each([
  ["a visitor", '{"visitor_id":"vera","data":null}', { visitor: "vera" }],
  ["no visitor", '{"data":{}}', { visitor: null }],
  ["a visitor that is not a text", '{"visitor_id":7}', { visitor: null }],
  ["no object", "[1]", { visitor: null }],
  ["a cut object", '{"visitor_id":"vera"', "unreadable"],
  ["nothing", "", "unreadable"],
])("reads the visitor of content with %s", (_, content, expected) => {
  expect(visitorIn(content)).toEqual(expected);
});
