/**
 * Requests in the protocols of other vendors' SDKs, broken like those of `bodies.ts`. Their answers do not name the events,
 * so each event has a mark, which must be found in an event or an error if the request was accepted. This file imports only
 * `bodies.ts`, so that tests in workerd can use it too.
 */
import { broken, fuzzValue, type Numbers, pick } from "./bodies.ts";

export interface FuzzVendorRequest {
  /** With the query, if any. */
  path: string;
  method: "POST" | "GET";
  headers: Record<string, string>;
  body: string | null;
  /** The marks that must be found if the request is accepted; none if its text was broken. */
  marks: string[];
}

/** The marks in a text. */
export const MARK = /fz\d+z\d+z\d+zf/g;

interface VendorForm {
  paths: readonly [string, ...string[]];
  /** JSON texts of the members of one event. */
  event: (numbers: Numbers, session: string, id: string, mark: string) => Record<string, string>;
  /** The body around the events. */
  body: (events: readonly string[], key: string) => string;
  headers?: Record<string, string>;
  /** The form field that may hold the body, or the path that accepts an event in its query. */
  field?: string;
  queryPath?: string;
}

const json = JSON.stringify;

function moment(numbers: Numbers): string {
  return new Date(Date.UTC(2026, 0, 1) + numbers.below(86_400_000 * 60)).toISOString();
}

const spec = (numbers: Numbers, session: string, id: string, mark: string) => ({
  type: json(pick(numbers, ["track", "page", "identify", "group", "alias", "screen"])),
  event: json("Order"),
  anonymousId: json(session),
  messageId: json(id),
  timestamp: json(moment(numbers)),
  properties: json({ total: 1, mark }),
  context: json({ sessionId: session }),
});

const FORMS: readonly VendorForm[] = [
  {
    paths: ["/v1/batch", "/beacon/v1/batch", "/v1/import"],
    event: spec,
    body: (events, key) => `{"batch":[${events.join(",")}],"writeKey":${key}}`,
  },
  { paths: ["/v1/track", "/v1/p", "/v1/identify"], event: spec, body: ([event = "null"]) => event },
  {
    paths: ["/api/s/s2s/batch", "/api/s/batch"],
    event: spec,
    body: (events) => `{"batch":[${events.join(",")}]}`,
    headers: { "X-Write-Key": "site:eye_w_local" },
  },
  {
    paths: ["/batch", "/e", "/i/v0/e", "/capture", "/i/v1/analytics/events"],
    event: (numbers, session, id, mark) => ({
      event: json(pick(numbers, ["$pageview", "order"])),
      distinct_id: json(session),
      uuid: json(id),
      timestamp: json(moment(numbers)),
      properties: json({ $lib: "web", $session_id: session, mark }),
    }),
    body: (events, key) => `{"api_key":${key},"batch":[${events.join(",")}],"sent_at":"2026-01-01T00:00:00Z"}`,
    field: "data",
  },
  {
    paths: ["/com.snowplowanalytics.snowplow/tp2"],
    event: (numbers, session, id, mark) => ({
      e: json(pick(numbers, ["pv", "pp", "se", "ue", "tr"])),
      eid: json(id),
      dtm: json(String(Date.parse(moment(numbers)))),
      duid: json(session),
      url: json(`https://shop.example/${mark}`),
      se_ca: json("shop"),
      se_ac: json("buy"),
      ue_pr: json(json({ data: { schema: "iglu:com.acme/order/jsonschema/1-0-0", data: { mark } } })),
      co: json(json({ data: [{ mark }] })),
    }),
    body: (events) => `{"schema":"iglu:x","data":[${events.join(",")}]}`,
    queryPath: "/i",
  },
  {
    paths: ["/2/httpapi"],
    event: (numbers, session, id, mark) => ({
      event_type: json("order"),
      device_id: json(session),
      session_id: String(numbers.below(10)),
      insert_id: json(id),
      time: String(Date.parse(moment(numbers))),
      event_properties: json({ mark }),
    }),
    body: (events, key) => `{"api_key":${key},"events":[${events.join(",")}],"client_upload_time":"now"}`,
  },
  {
    paths: ["/track?verbose=1", "/import", "/engage", "/groups"],
    event: (numbers, session, id, mark) => ({
      event: json("order"),
      properties: json({ $insert_id: id, distinct_id: session, time: Date.parse(moment(numbers)) / 1_000, mark }),
      $distinct_id: json(session),
      $set: json({ mark }),
    }),
    body: (events) => `[${events.join(",")}]`,
    field: "data",
  },
  {
    paths: ["/theeye/events"],
    event: (numbers, session, id, mark) => ({
      specversion: json("1.0"),
      type: json("order"),
      source: json("shop"),
      id: json(id),
      time: json(moment(numbers)),
      subject: json(session),
      data: json({ mark }),
    }),
    body: (events) => `[${events.join(",")}]`,
    headers: { "Content-Type": "application/cloudevents-batch+json" },
  },
];

/** @param seed gives, with `number` and the event's place, marks that are unique to this request */
export function fuzzVendorRequest(numbers: Numbers, seed: number, number: number): FuzzVendorRequest {
  const form = pick(numbers, FORMS);
  const count = numbers.chance(0.03) ? 100 + numbers.below(500) : 1 + numbers.below(6);
  const tag = `v${seed}-${number}`;
  const events = Array.from({ length: count }, (_, place) => {
    const mark = `fz${seed}z${number}z${place}zf`;
    const members = form.event(numbers, `${tag}-${numbers.below(3)}`, `${tag}-${place}`, mark);
    return { mark, text: changed(numbers, members) };
  });
  const key = numbers.chance(0.9) ? '"eye_w_local"' : fuzzValue(numbers);
  const plain = form.body(
    events.map(({ text }) => text),
    key,
  );
  const [path, query = ""] = pick(numbers, form.paths).split("?");
  const request = {
    method: "POST" as const,
    path: `${path}${numbers.chance(0.1) ? "/" : ""}${query === "" ? "" : `?${query}`}`,
    headers: { Authorization: "Bearer eye_w_local", ...form.headers },
  };
  if (form.queryPath !== undefined && numbers.chance(0.3)) {
    const mark = `fz${seed}z${number}z0zf`;
    const query = new URLSearchParams(form.event(numbers, tag, tag, mark));
    query.set(pick(numbers, [...query.keys()]), fuzzValue(numbers).slice(0, 2_000));
    const marks = [...new Set(query.toString().match(MARK))];
    return { ...request, method: "GET", path: `${form.queryPath}?${query}`, body: null, marks };
  }
  if (numbers.chance(0.2)) return { ...request, body: broken(numbers, plain), marks: [] };
  // Parsed again like the service does: a member may have replaced a mark.
  const marks = [...new Set(plain.match(MARK))];
  const isForm = form.field !== undefined && numbers.chance(0.2);
  return { ...request, body: isForm ? `${form.field}=${encodeURIComponent(plain)}` : plain, marks };
}

function changed(numbers: Numbers, members: Record<string, string>): string {
  const texts = new Map(Object.entries(members));
  for (let changes = numbers.chance(0.5) ? 0 : 1 + numbers.below(3); changes > 0; changes--) {
    const member = pick(numbers, [...texts.keys(), "__proto__", "traits", "extra"]);
    if (numbers.chance(0.2)) texts.delete(member);
    else texts.set(member, numbers.chance(0.3) ? `{"odd":${texts.get(member) ?? "1"}}` : fuzzValue(numbers));
  }
  return `{${[...texts].map(([name, text]) => `${json(name)}:${text}`).join(",")}}`;
}
