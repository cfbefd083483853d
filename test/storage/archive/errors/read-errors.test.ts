import { beforeEach, expect, it } from "vitest";
import { allErrors, errorsAt } from "../../../../src/storage/archive/errors/read-errors";
import { emptyEverything } from "../../../compaction/harness";
import { MINUTE, MORNING } from "../../seed";
import { archivedError, archiveErrors, groupsOf } from "../archived-files";

beforeEach(emptyEverything);

const ERRORS = [
  archivedError({ parts: 3, content: "ä€😀" }),
  archivedError({
    receivedAt: MORNING + MINUTE,
    ...{
      resolvedAt: 5,
      resolvedSession: "s",
      resolvedEventId: "e",
      resolvedOccurredAt: 0,
      replayedAt: 4,
      replayId: "r",
    },
  }),
  archivedError({ application: null, session: null, category: null, name: null, eventId: null, content: null }),
];

it("returns errors as they were archived, in the given order of rows", async () => {
  const [columns] = await groupsOf(await archiveErrors(ERRORS));
  if (columns === undefined) throw new Error("the file has no row group");
  expect(await allErrors(columns)).toEqual(ERRORS);
  expect(await errorsAt(columns, [2, 0])).toEqual([ERRORS[2], ERRORS[0]]);
  expect(await errorsAt(columns, [])).toEqual([]);
});
