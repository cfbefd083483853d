import { beforeAll, describe, expect, it } from "vitest";
import { rollUpSessions } from "../../../../src/storage/session-counts/roll-up-sessions";
import { ask } from "../../../api/reading-app";
import { compactAll, databases, emptyEverything } from "../../../compaction/harness";
import { DAY, eventRow, HOUR, MORNING, SECOND, store } from "../../seed";

/** Sessions that pause while the events before their pause move to the archive. */

const TODAY = MORNING + DAY;
const START = "start_date=2021-01-01";
const ALL = `${START}&end_date=2021-01-02`;
const SECOND_DAY = "start_date=2021-01-02&end_date=2021-01-02";

async function stats(query: string): Promise<unknown> {
  return (
    await ask(`/theeye/sessions/stats?interval=day&metrics=sessions,bounces,events,duration_mean&${query}`)
  ).json();
}

async function rollUpAll(): Promise<void> {
  while ((await rollUpSessions(databases, TODAY + 2 * HOUR)).windows > 0);
}

/** "early" was counted on both days before the first one moved, "later" on the second day only after that. */
beforeAll(async () => {
  await emptyEverything();
  const both = (session: string) => eventRow({ session, occurredAt: MORNING });
  await store(databases, { events: [both("early"), both("later"), both("once")] }, DAY);
  await rollUpAll();
  await compactAll();
  await store(databases, { events: [eventRow({ session: "later", occurredAt: TODAY + SECOND })] }, DAY);
  await rollUpAll();
}, 60_000);

describe("sessions_known_from", () => {
  it("is the end of the archive, if a later event of an archived session counts as another session", async () => {
    expect(await stats(ALL)).toMatchObject({
      total: { sessions: { total: 4, values: [3, 1] }, bounces: { values: [3, 1] }, events: { values: [3, 1] } },
      accuracy: { exact: false, sessions_known_from: "2021-01-02T00:00:00+00:00" },
    });
  });

  it("comes with percentiles from counts, where events are archived", async () => {
    const whole = await (await ask(`/theeye/sessions/stats?interval=day&${ALL}`)).json();
    expect(whole).toMatchObject({
      total: { sessions: { values: [3, 1] }, duration_seconds: { mean: 0, p50: 0, p90: 0 }, visitors: { total: null } },
      accuracy: { exact: false, percentiles_relative_error: 0.01, visitors_need: "a later start_date" },
    });
    const exact = await ask(`/theeye/sessions/stats?interval=day&${ALL}&accuracy=exact`);
    expect(await exact.json()).toMatchObject({ code: "cold_scan" });
  });

  it("is in the zone of the question", async () => {
    expect(await stats(`${ALL}&timezone=Asia/Kolkata`)).toMatchObject({
      accuracy: { exact: false, sessions_known_from: "2021-01-02T05:30:00+05:30" },
    });
  });

  it("is absent if the range begins there, because earlier events do not count", async () => {
    expect(await stats(SECOND_DAY)).toMatchObject({
      total: { sessions: { total: 1 }, bounces: { total: 1 } },
      accuracy: { exact: true },
    });
  });

  it("is absent if nothing came after the archive", async () => {
    expect(await stats(`${START}&end_date=2021-01-01`)).toMatchObject({
      total: { sessions: { total: 3 } },
      accuracy: { exact: true },
    });
  });

  it("is not accepted by accuracy=exact, which names the first time that can be answered exactly", async () => {
    expect(await stats(`${ALL}&accuracy=exact`)).toMatchObject({ code: "cold_scan" });
    expect(await stats(`${SECOND_DAY}&accuracy=exact`)).toMatchObject({ accuracy: { exact: true } });
  });

  it("is reported for events that are not counted yet, too", async () => {
    await store(databases, { events: [eventRow({ session: "once", occurredAt: TODAY + 5 * HOUR })] }, DAY);
    expect(await stats(ALL)).toMatchObject({
      total: { sessions: { total: 5, values: [3, 2] } },
      accuracy: { exact: false, sessions_known_from: "2021-01-02T00:00:00+00:00" },
    });
  });
});
