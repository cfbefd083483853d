import { Refusal } from "../../http/problem";
import { isJsonObject } from "../../model/event/event";
import { decodeBase64, parseBody } from "./decode";
import type { Dialect } from "./dialect";
import { firstText, nativeEvent, objectOf, textOf, unmapped } from "./values";

const NAMES: Readonly<Record<string, string>> = {
  pv: "page_view",
  pp: "page_ping",
  tr: "transaction",
  ti: "transaction_item",
};

/** Members of the tracker protocol that are the payload of page views, pings and transactions. */
const PAGE = /^(?:url|page|refr|pp_m[ai][xy]|tr_|ti_)/;
const STRUCTURED = /^se_(?:la|pr|va)$/;
/** Members that are read, and so need not stand in the context again. */
const READ = new Set(["e", "eid", "ttm", "dtm", "se_ca", "se_ac", "ue_pr", "ue_px", "co", "cx"]);

/** Snowplow. Its trackers repeat for ever what is refused by any status but 400, 401, 403, 410 and 422. */
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

/** A transparent picture of one pixel. */
const PIXEL = Uint8Array.from(atob("R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7"), (c) => c.charCodeAt(0));
const GIF = { "Content-Type": "image/gif", "Cache-Control": "no-store" };

function eventOf(event: unknown): Record<string, unknown> {
  if (!isJsonObject(event)) return unmapped(event);
  const kind = textOf(event.e) ?? "";
  const contexts = embedded(event.co, event.cx).data;
  const data: Record<string, unknown> = {};
  const context: Record<string, unknown> = contexts === undefined ? {} : { contexts };
  const payload = kind === "se" ? STRUCTURED : PAGE;
  for (const [key, value] of Object.entries(event)) {
    if (kind !== "ue" && payload.test(key)) data[key] = value;
    else if (!READ.has(key)) context[key] = value;
  }
  let category = "snowplow";
  let name = NAMES[kind] ?? kind;
  if (kind === "se") {
    category = textOf(event.se_ca) ?? "";
    name = textOf(event.se_ac) ?? "";
  } else if (kind === "ue") {
    const inner = objectOf(embedded(event.ue_pr, event.ue_px).data);
    // iglu:vendor/name/format/version
    const [vendor = "", schemaName = "", , version] = (textOf(inner.schema) ?? "").replace(/^iglu:/, "").split("/");
    category = vendor;
    name = schemaName;
    Object.assign(data, objectOf(inner.data));
    context.schema_version = version;
  }
  const time = Number(firstText(event.ttm, event.dtm));
  return nativeEvent({
    session: firstText(event.sid, event.duid, event.uid),
    visitor: firstText(event.uid, event.duid),
    ...{ category, name, data, context },
    timestamp: Number.isFinite(time) ? time : undefined,
    id: textOf(event.eid),
  });
}

/** JSON inside an event: plain, or as base64. */
function embedded(plain: unknown, encoded: unknown): Record<string, unknown> {
  const text = textOf(plain) ?? decodeBase64(textOf(encoded) ?? "") ?? "";
  const value = parseBody(text);
  return value instanceof Refusal ? {} : objectOf(value);
}
