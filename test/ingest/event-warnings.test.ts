import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { warningsOf } from "../../src/ingest/event-warnings";
import { SAMPLE_EVENTS } from "../pipeline/sample-events";

const full = { ...SAMPLE_EVENTS[0], id: "a", visitor_id: "v", context: {} };

/** The member that a warning proposes for a name in an event that lacks all known members. */
const meantBy = (name: string) => /did you mean `(\w+)`/.exec(warningsOf({ [name]: 1 })[0]?.message ?? "")?.[1] ?? null;

describe("warningsOf", () => {
  it("has nothing to say of known members, nor of what is no object", () => {
    for (const event of [full, { ...full, visitor_id: null }, {}, null, 7, "text", [], [full]]) {
      expect(warningsOf(event)).toEqual([]);
    }
  });

  it("says of other members that they are kept", () => {
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
  ])("takes %s for %s", (name, member) => {
    expect(meantBy(name)).toBe(member);
  });

  it.each(["content", "meta", "games", "experiment", "categories", "timeout", "", "__proto__", "constructor", "日本"])(
    "proposes nothing for %s",
    (name) => {
      expect(meantBy(name)).toBeNull();
    },
  );

  it("proposes no member that the event has", () => {
    expect(warningsOf({ ...full, userId: "u" })[0]?.message).not.toContain("did you mean");
  });

  it("says of members that only the service gives that they are not interpreted", () => {
    for (const name of ["received_at", "application", "position", "extra"]) {
      expect(warningsOf({ ...full, [name]: 1 })).toMatchObject([{ path: `/${name}`, message: /not interpreted/ }]);
    }
  });

  it("lists twenty members of an event, and how many more there are", () => {
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
