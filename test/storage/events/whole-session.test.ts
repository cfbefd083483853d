import { env } from "cloudflare:workers";
import { beforeAll, describe, expect, it } from "vitest";
import { findWholeReceipt, summariseWholeSession } from "../../../src/storage/events/whole-session";
import { compactAll, databases, EAGER, emptyEverything, ioWith } from "../../compaction/harness";
import { eventRow, HOUR, MINUTE, MORNING, store } from "../seed";

const WIDTH = 2 * HOUR;
const at = (minute: number, id: string, application = "shop") =>
  eventRow({ session: "both", id, application, occurredAt: MORNING + minute * MINUTE });

/** A session with two partitions, of which the first is archived, and a long one that is archived. */
beforeAll(async () => {
  await emptyEverything();
  await store(
    databases,
    { events: [at(0, "first"), at(1, "twice"), at(150, "twice", "blog"), at(160, "last")] },
    WIDTH,
  );
  for (let n = 0; n < 3_200; n += 800) {
    const events = Array.from({ length: 800 }, (_, place) =>
      eventRow({ session: "long", id: `id-${n + place}`, occurredAt: MORNING + (n + place) * 1_000_000 }),
    );
    await store(databases, { events }, WIDTH);
  }
  const settings = { ...EAGER, fileLimits: { ...EAGER.fileLimits, groupRows: 5_000 } };
  await compactAll(ioWith({ settings }), MORNING + WIDTH + MINUTE);
}, 60_000);

describe("the summary of a session", () => {
  const summarise = (session: string, applications: string[] | null = null) =>
    summariseWholeSession(databases, { session, applications }, env.ARCHIVE);

  it("covers its events in the databases and in the archive", async () => {
    expect(await summarise("both")).toEqual({
      ...{ firstEventAt: MORNING, lastEventAt: MORNING + 160 * MINUTE, events: 4 },
      ...{ applications: ["blog", "shop"], isCounted: true },
    });
    expect(await summarise("both", ["blog"])).toMatchObject({ events: 1, applications: ["blog"] });
    expect(await summarise("nobody")).toBeNull();
  });

  it("counts at most 3,000 events of an archived session, and has its last event", async () => {
    expect(await summarise("long")).toMatchObject({
      ...{ events: 3_000, isCounted: false, lastEventAt: MORNING + 3_199 * 1_000_000 },
    });
  });
});

describe("the receipt of an event", () => {
  const receipt = (session: string, id: string, applications: string[] | null = null) =>
    findWholeReceipt(databases, { session, id, applications }, env.ARCHIVE);

  it("has its place among all events of the session, and the number of events with its id", async () => {
    expect(await receipt("both", "first")).toMatchObject({ position: 1, events: 1, occurredAt: MORNING });
    expect(await receipt("both", "twice")).toMatchObject({ position: 3, events: 2, application: "blog" });
    expect(await receipt("both", "twice", ["shop"])).toMatchObject({ position: 2, events: 1 });
    expect(await receipt("both", "none")).toBeNull();
  });

  it("has no place if the event is far behind the first ones of a long session", async () => {
    expect(await receipt("long", "id-2999")).toMatchObject({ position: 3_000 });
    expect(await receipt("long", "id-3199")).toMatchObject({ position: null, events: 1 });
  });
});
