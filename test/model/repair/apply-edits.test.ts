import { describe, expect, it } from "vitest";
import { type Repair, repairEvent } from "../../../src/model/repair/repair";
import { EVENT, edit, fixed, RECEIVED_AT } from "./fixed-event";

describe("edits", () => {
  it.each<[Repair, unknown, unknown]>([
    [edit({ op: "set", path: "/data/price", value: 1 }), { data: { price: "x" } }, { data: { price: 1 } }],
    [edit({ op: "set", path: "/data/currency", value: "EUR" }), { data: {} }, { data: { currency: "EUR" } }],
    [edit({ op: "set", path: "/data/0", value: 9 }), { data: [1, 2] }, { data: [9, 2] }],
    [
      edit({ op: "set", path: "/data/items/1/n", value: 9 }),
      EVENT,
      { ...EVENT, data: { ...EVENT.data, items: [{ n: 1 }, { n: 9 }] } },
    ],
    [edit({ op: "rename", path: "/ts", to: "/timestamp" }), { ts: 1 }, { timestamp: 1 }],
    [edit({ op: "rename", path: "/ts", to: "/timestamp" }), { other: 1 }, { other: 1 }],
    [edit({ op: "remove", path: "/data/a~1b/~0" }), EVENT, { ...EVENT, data: { ...EVENT.data, "a/b": {} } }],
    [edit({ op: "remove", path: "/data/nothing/there" }), EVENT, EVENT],
    [edit({ op: "cast", path: "/p", type: "number" }), {}, {}],
  ])("%j", (repair, event, expected) => {
    expect(fixed(repair, event)).toEqual(expected);
  });

  it("do not apply through a value that is not an object", () => {
    const repair = edit({ op: "set", path: "/data/price", value: 1 });
    expect(repairEvent(JSON.stringify({ data: "text" }), repair, RECEIVED_AT)).toMatchObject({ applies: false });
  });
});

describe("the time of receipt", () => {
  const shift = edit({ op: "shift", path: "/timestamp", from: "/context/sent_at", to: "/received_at" });

  it.each<[Repair, unknown, unknown]>([
    [
      edit({ op: "copy", from: "/received_at", path: "/timestamp" }),
      { timestamp: "2099-01-01 00:00:00" },
      { timestamp: "2021-01-01T10:00:00.500000Z" },
    ],
    [
      edit({ op: "copy", from: "/context/page", path: "/data/page" }),
      { data: {}, context: { page: { url: "/" } } },
      { data: { page: { url: "/" } }, context: { page: { url: "/" } } },
    ],
    [edit({ op: "copy", from: "/context/page", path: "/data/page" }), { data: {} }, { data: {} }],
    [edit({ op: "copy", from: "/context", path: "/no/such/place" }), { context: {} }, { context: {} }],
    [
      { patch: [{ op: "copy", from: "/received_at", path: "/timestamp" }] },
      {},
      { timestamp: "2021-01-01T10:00:00.500000Z" },
    ],
    [
      { patch: [{ op: "copy", from: "/context/page", path: "/data/page" }] },
      { data: {}, context: { page: 1 } },
      { data: { page: 1 }, context: { page: 1 } },
    ],
    [{ patch: [{ op: "test", path: "/received_at", value: "2021-01-01T10:00:00.500000Z" }] }, { a: 1 }, { a: 1 }],
    // The visitor's clock is two hours and half a second ahead.
    [
      shift,
      { timestamp: "2021-01-01 11:15:27.243860", context: { sent_at: "2021-01-01T12:00:01Z" } },
      { timestamp: "2021-01-01T09:15:26.743860Z", context: { sent_at: "2021-01-01T12:00:01Z" } },
    ],
    // Every form that a timestamp may have: a number, its text, an HTTP date.
    [
      shift,
      { timestamp: 1_609_499_727_243, context: { sent_at: "1609502400.5" } },
      { timestamp: "2021-01-01T09:15:27.243000Z", context: { sent_at: "1609502400.5" } },
    ],
    [
      edit({ op: "shift", path: "/timestamp", from: "/a", to: "/b" }),
      { timestamp: "20210101T000000Z", a: "Fri, 01 Jan 2021 00:00:00 GMT", b: "2021-01-01T01:00:00+02:00" },
      { timestamp: "2020-12-31T23:00:00.000000Z", a: "Fri, 01 Jan 2021 00:00:00 GMT", b: "2021-01-01T01:00:00+02:00" },
    ],
    [shift, { timestamp: "2021-01-01 11:00:00" }, { timestamp: "2021-01-01 11:00:00" }],
    [shift, { timestamp: "noon", context: { sent_at: 1 } }, { timestamp: "noon", context: { sent_at: 1 } }],
    [shift, { timestamp: 5, context: { sent_at: "2021-02-01" } }, { timestamp: 5, context: { sent_at: "2021-02-01" } }],
    // Before 1970, which is not a valid time.
    [
      edit({ op: "shift", path: "/timestamp", from: "/received_at", to: "/context/sent_at" }),
      { timestamp: "1970-01-01 00:00:01", context: { sent_at: "2020-01-01 00:00:00" } },
      { timestamp: "1970-01-01 00:00:01", context: { sent_at: "2020-01-01 00:00:00" } },
    ],
  ])("can be read, and times are shifted: %j of %j", (repair, event, expected) => {
    expect(fixed(repair, event)).toEqual(expected);
  });
});
