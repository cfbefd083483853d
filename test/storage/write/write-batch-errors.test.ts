import { beforeEach, describe, expect, it } from "vitest";
import { CODE_BITS } from "../../../src/storage/core/error-codes";
import { errorRow, MORNING } from "../seed";

import { all, beginAnew, write } from "./one-lane";

beforeEach(beginAnew);

describe("errors", () => {
  it("that arrive twice with different receipts are one row, with the codes of the stored one", async () => {
    const issue = (code: "data_invalid" | "name_invalid") => ({ code, path: "", message: "m" });
    const first = errorRow({ id: "e", receivedAt: MORNING, issues: [issue("data_invalid"), issue("data_invalid")] });
    const second = errorRow({ id: "e", receivedAt: MORNING + 1, issues: [issue("name_invalid")] });
    await write({ errors: [first] });
    await write({ errors: [second] });
    expect(await all("SELECT id, received_at, codes FROM errors")).toEqual([
      { id: "e", received_at: MORNING, codes: CODE_BITS.data_invalid },
    ]);
  });

  it("that arrive twice in one batch with different receipts are one row", async () => {
    await write({
      errors: [errorRow({ id: "e", receivedAt: MORNING }), errorRow({ id: "e", receivedAt: MORNING + 1 })],
    });
    expect(await all("SELECT id FROM errors")).toEqual([{ id: "e" }]);
  });

  it("are stored as given, including absent columns and chunks", async () => {
    const row = errorRow({
      ...{ application: null, session: null, category: null, name: null, issues: [] },
      ...{ eventId: "\u{1F600}", content: '{"a":"\\ud800\\u0000"}' },
    });
    await write({
      errors: [row],
      parts: [
        { errorId: row.id, part: 1, content: "}" },
        { errorId: row.id, part: 0, content: '{"\ud83d' },
      ],
    });
    expect(await all("SELECT * FROM errors")).toEqual([
      {
        ...{ id: row.id, received_at: MORNING, application: null, session_id: null, category: null, name: null },
        ...{ event_id: "\u{1F600}", issues: "[]", content: row.content, parts: 0, codes: 0, claimed_by: null },
        ...{ resolved_at: null, resolved_session: null, resolved_event_id: null, resolved_occurred_at: null },
        ...{ replayed_at: null, replay_id: null },
      },
    ]);
    expect(await all("SELECT part, length(content) AS characters FROM error_parts ORDER BY part")).toEqual([
      { part: 0, characters: 3 },
      { part: 1, characters: 1 },
    ]);
  });

  it("keep the text of a member that contains a NUL", async () => {
    await write({ errors: [errorRow({ session: "a\u0000b" })] });
    expect(await all("SELECT session_id FROM errors")).toEqual([{ session_id: "a\u0000b" }]);
  });
});
