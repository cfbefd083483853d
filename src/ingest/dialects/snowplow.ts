import { Refusal } from "../../http/problem";
import { isJsonObject } from "../../model/event/event";
import { decodeBase64, parseBody } from "./decode";
import type { Dialect } from "./dialect";
import { divide, firstText, hiddenBy, nativeEvent, objectOf, textOf, unmapped } from "./values";

/** A Map, because an object also has inherited members, and an event's kind may be `constructor`. */
const NAMES: ReadonlyMap<string, string> = new Map([
  ["pv", "page_view"],
  ["pp", "page_ping"],
  ["tr", "transaction"],
  ["ti", "transaction_item"],
]);

/** Members of the tracker protocol that form the payload of page views, pings and transactions. */
const PAGE = /^(?:url|page|refr|pp_m[ai][xy]|tr_|ti_)/;
const STRUCTURED = /^se_(?:la|pr|va)$/;

/** Snowplow. Its trackers retry for ever, except after 400, 401, 403, 410 and 422. */
export const snowplow: Dialect = {
  name: "snowplow",
  paths: ["/com.snowplowanalytics.snowplow/tp2", "/i"],

  read({ method, query, text }) {
    if (method === "GET") return { key: null, events: [eventOf(Object.fromEntries(query))] };
    const body = parseBody(text);
    if (body instanceof Refusal) return body;
    const { data } = objectOf(body);
    return { key: null, events: (Array.isArray(data) ? data : [body]).map(eventOf) };
  },

  accept: ({ method }) => (method === "GET" ? new Response(PIXEL, { headers: GIF }) : new Response("ok")),

  refuse(_request, refusal) {
    const response = refusal.response();
    const isFinal = refusal.status < 500 && ![400, 401, 403, 429].includes(refusal.status);
    return isFinal ? new Response(response.body, { status: 422, headers: response.headers }) : response;
  },
};

/** A transparent GIF of one pixel. */
const PIXEL = Uint8Array.from(atob("R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7"), (c) => c.charCodeAt(0));
const GIF = { "Content-Type": "image/gif", "Cache-Control": "no-store" };

function eventOf(event: unknown): Record<string, unknown> {
  if (!isJsonObject(event)) return unmapped(event);
  const kind = textOf(event.e) ?? "";
  const contexts = embedded(event.co, event.cx)?.data;
  const own = mapKind(kind, event);
  const time = Number(firstText(event.ttm, event.dtm));
  const hasTime = firstText(event.ttm, event.dtm) !== undefined && Number.isFinite(time);
  const read = new Set([
    ...own.read,
    ...(textOf(event.e) === undefined ? [] : ["e"]),
    ...(textOf(event.eid) === undefined ? [] : ["eid"]),
    ...(hasTime ? [textOf(event.ttm) === undefined ? "dtm" : "ttm"] : []),
    ...(contexts === undefined ? [] : [textOf(event.co) === undefined ? "cx" : "co"]),
  ]);
  const [, rest] = divide(event, (key) => read.has(key));
  const payload = kind === "se" ? STRUCTURED : PAGE;
  const [data, circumstances] = divide(rest, (key) => kind !== "ue" && payload.test(key));
  const found = { ...(contexts === undefined ? {} : { contexts }), ...own.context };
  return nativeEvent({
    session: firstText(event.sid, event.duid, event.uid),
    visitor: firstText(event.uid, event.duid),
    ...{ category: own.category, name: own.name },
    data: { ...data, ...own.data },
    timestamp: hasTime ? time : undefined,
    id: textOf(event.eid),
    context: { ...circumstances, ...found },
    unmapped: { hidden_context: hiddenBy(found, circumstances) },
  });
}

interface KindMapping {
  category: string;
  name: string;
  data?: Record<string, unknown>;
  context?: Record<string, unknown>;
  /** Members that are mapped here and so are left out of the context. */
  read: string[];
}

/** The event's type, and the payload of a self-describing event. */
function mapKind(kind: string, event: Record<string, unknown>): KindMapping {
  if (kind === "se") {
    const [category, name] = [textOf(event.se_ca), textOf(event.se_ac)];
    const read = [...(category === undefined ? [] : ["se_ca"]), ...(name === undefined ? [] : ["se_ac"])];
    return { category: category ?? "", name: name ?? "", read };
  }
  if (kind !== "ue") return { category: "snowplow", name: NAMES.get(kind) ?? kind, read: [] };
  const { schema, data } = objectOf(embedded(event.ue_pr, event.ue_px)?.data);
  // iglu:vendor/name/format/version
  const [category = "", name = "", , version] = (textOf(schema) ?? "").replace(/^iglu:/, "").split("/");
  if (version === undefined || !isJsonObject(data)) return { category, name, read: [] };
  const read = [textOf(event.ue_pr) === undefined ? "ue_px" : "ue_pr"];
  return { category, name, data, context: { schema_version: version }, read };
}

/** A JSON object inside an event, plain or as base64. Undefined if there is none. */
function embedded(plain: unknown, encoded: unknown): Record<string, unknown> | undefined {
  const text = textOf(plain) ?? decodeBase64(textOf(encoded) ?? "") ?? "";
  const value = parseBody(text);
  return isJsonObject(value) ? value : undefined;
}
