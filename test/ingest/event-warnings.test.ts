import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { warningsOf } from "../../src/ingest/event-warnings";
import { SAMPLE_EVENTS } from "../pipeline/sample-events";

const full = { ...SAMPLE_EVENTS[0], id: "a", visitor_id: "v", context: {} };

/** The member that a warning suggests for a name in an event without known members. */
const meantBy = (name: string) => /did you mean `(\w+)`/.exec(warningsOf({ [name]: 1 })[0]?.message ?? "")?.[1] ?? null;

describe("warningsOf", () => {
  it("returns nothing for known members and for values that are not objects", () => {
    for (const event of [full, { ...full, visitor_id: null }, {}, null, 7, "text", [], [full]]) {
      expect(warningsOf(event)).toEqual([]);
    }
  });

  it("says that other members are kept", () => {
    expect(warningsOf({ ...full, experiment: "b" })).toEqual([
      { path: "/experiment", message: "kept under `extra`: the format does not name this member" },
    ]);
  });

  it.each([
    ...["sessionId", "session-id", "SESSION_ID", "sid", "sesion_id", "session_ids"].map((name) => [name, "session_id"]),
    ...["user_id", "userId", "anonymousId", "distinct_id", "visitorId", "vistor_id"].map((name) => [
      name,
      "visitor_id",
    ]),
    ...["event", "event_name", "Name"].map((name) => [name, "name"]),
    ...["properties", "props", "payload", "Data"].map((name) => [name, "data"]),
    ...["time", "ts", "date", "occurred_at", "createdAt", "timestmap", "timestamps", "tinestamp", "imestamp"].map(
      (name) => [name, "timestamp"],
    ),
    ...["event_id", "messageId", "uuid", "$insert_id", "ID"].map((name) => [name, "id"]),
    ...["catagory", "categroy", "Category"].map((name) => [name, "category"]),
    ...["ctx", "Context"].map((name) => [name, "context"]),
  ])("recognises %s as %s", (name, member) => {
    expect(meantBy(name)).toBe(member);
  });

  it.each(["content", "meta", "games", "experiment", "categories", "timeout", "", "__proto__", "constructor", "日本"])(
    "suggests nothing for %s",
    (name) => {
      expect(meantBy(name)).toBeNull();
    },
  );

  it("suggests no member that the event already has", () => {
    expect(warningsOf({ ...full, userId: "u" })[0]?.message).not.toContain("did you mean");
  });

  it("says that members which only the service sets are not interpreted", () => {
    for (const name of ["received_at", "application", "position", "extra"]) {
      expect(warningsOf({ ...full, [name]: 1 })).toMatchObject([{ path: `/${name}`, message: /not interpreted/ }]);
    }
  });

  it("lists twenty members of an event and the number of further ones", () => {
    const many = Object.fromEntries(Array.from({ length: 25 }, (_, n) => [`member ${n}`, n]));
    const warnings = warningsOf({ ...full, ...many });
    expect(warnings).toHaveLength(21);
    expect(warnings[20]).toEqual({ path: "", message: "5 more members are kept under `extra`" });
  });

  it("points at the member whatever its name", () => {
    fc.assert(
      fc.property(fc.string(), (name) => {
        fc.pre(!Object.hasOwn(full, name));
        const event: unknown = JSON.parse(`{${JSON.stringify(name)}:1}`);
        const [warning] = warningsOf(event);
        expect(warning?.path.slice(1).replaceAll("~1", "/").replaceAll("~0", "~")).toBe(name);
      }),
    );
  });
});
