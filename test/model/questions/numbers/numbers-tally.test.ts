import { describe, expect, it } from "vitest";
import { numbersAnswer } from "../../../../src/model/questions/numbers/numbers-answer";
import { randomFrom } from "../random";
import { KINDS, metricOf, question, sessionsOf, stateOf, tallyOf } from "./sampled-sessions";

describe("a tally of numbers", () => {
  it.each(KINDS)("is the same in parts as in one: %s", (kind) => {
    const sessions = sessionsOf(400, randomFrom(3));
    const whole = stateOf(kind, sessions);
    const joined = tallyOf(kind);
    for (let part = 0; part < 4; part++) {
      const own = stateOf(
        kind,
        sessions.filter((_, place) => place % 4 === part),
      );
      joined.addAll(JSON.parse(JSON.stringify(own)));
    }
    const asked = { ...question, metric: metricOf(kind) };
    expect(numbersAnswer(asked, joined.state, 1)).toEqual(numbersAnswer(asked, whole, 1));
  });

  it("puts small groups together where there are too many, and says so", () => {
    const tally = tallyOf("events");
    for (let n = 0; n < 9_000; n++) tally.add([{ key: JSON.stringify([`${n}`]), place: 0, number: 1 }]);
    for (let n = 0; n < 5; n++) tally.add([{ key: '["0"]', place: 0, number: 1 }]);
    const answer = numbersAnswer(question, tally.state, 1);
    expect(answer.accuracy).toEqual({ exact: false, groups_folded: true });
    expect(answer.results).toMatchObject([{ "data.path": "0", total: 6 }]);
    expect(answer.other).toEqual({ groups: 8_999, total: 8_999 });
    expect(answer.total.total).toBe(9_005);
  });
});
