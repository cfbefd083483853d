import { countOrNull, hostOf, type LogEntry, type LogFormat, millis } from "./entry.ts";
import { forwardedList, hostName, ipAddress, visitorAddress } from "./fields/address.ts";
import { type Members, membersOf, numberOf, readJsonObject, textOf } from "./fields/json-line.ts";
import { anyMoment } from "./fields/moment.ts";
import { readRequestLine } from "./fields/request-line.ts";

/** Each site chooses the member names of nginx's JSON. These are nginx's variables and the names in common use. */
const NAMES = {
  time: ["time_iso8601", "time_local", "msec", "@timestamp", "timestamp", "time", "datetime", "date", "ts"],
  forwarded: ["http_x_forwarded_for", "x_forwarded_for", "forwarded_for", "xff"],
  address: [
    ...["http_cf_connecting_ip", "http_true_client_ip", "http_x_real_ip", "x_real_ip", "real_ip"],
    ...["client_ip", "clientip", "remote_addr", "remote_ip", "remote_address", "client_addr", "client", "ip", "addr"],
    ...["remote_host", "source_ip", "c_ip"],
  ],
  request: ["request", "request_line"],
  method: ["request_method", "method", "http_method", "verb"],
  path: ["request_uri", "uri", "path", "url", "request_path", "http_path"],
  query: ["args", "query_string", "request_query", "query"],
  host: ["http_host", "host", "virtual_host", "vhost", "server_name", "domain"],
  status: ["status", "status_code", "http_status", "response_code", "response", "code"],
  bytes: ["body_bytes_sent", "bytes_sent", "body_bytes", "bytes", "response_size", "response_length", "length", "size"],
  referrer: ["http_referer", "http_referrer", "referer", "referrer"],
  userAgent: ["http_user_agent", "user_agent", "useragent", "agent", "ua"],
  // Matomo's name says milliseconds, but nginx writes $request_time there, in seconds.
  seconds: ["request_time", "generation_time_milli", "duration", "response_time"],
} as const;

function readLine(line: string): LogEntry | null {
  const object = readJsonObject(line);
  if (object === null) return null;
  const members = membersOf(object);
  const occurredAt = NAMES.time.map((name) => anyMoment(members.get(name))).find((moment) => moment !== null);
  const request = requestOf(members);
  if (occurredAt === undefined || request === null) return null;
  return {
    client: clientOf(members),
    occurredAt,
    ...request,
    host: hostOf(textOf(members, NAMES.host)),
    status: countOrNull(textOf(members, NAMES.status) ?? undefined),
    bytes: countOrNull(textOf(members, NAMES.bytes) ?? undefined),
    referrer: textOf(members, NAMES.referrer),
    userAgent: textOf(members, NAMES.userAgent),
    durationMs: durationOf(members),
    fields: 0,
    isCut: false,
  };
}

function requestOf(members: Members): Pick<LogEntry, "method" | "path" | "request"> | null {
  const line = textOf(members, NAMES.request);
  const read = line === null ? null : readRequestLine(line);
  const path = pathOf(members) ?? read?.path ?? null;
  const method = textOf(members, NAMES.method) ?? read?.method ?? null;
  if (path === null && line === null) return null;
  return { method, path, request: path === null ? line : null };
}

/** `$uri` is without its query, `$request_uri` with it. */
function pathOf(members: Members): string | null {
  const path = textOf(members, NAMES.path);
  const query = textOf(members, NAMES.query);
  return path === null || query === null || path.includes("?") ? path : `${path}?${query.replace(/^\?/, "")}`;
}

function clientOf(members: Members): string | null {
  const forwarded = forwardedList(textOf(members, NAMES.forwarded));
  const texts = NAMES.address.map((name) => textOf(members, [name])).filter((text) => text !== null);
  const addresses = texts.map(ipAddress).filter((address) => address !== null);
  return visitorAddress([...forwarded, ...addresses]) ?? hostName(texts[0]);
}

function durationOf(members: Members): number | null {
  for (const name of NAMES.seconds) {
    const seconds = numberOf(members.get(name));
    if (seconds !== null) return millis(seconds * 1000);
  }
  return null;
}

/** One JSON object on each line, as nginx writes it with a custom `log_format`. */
export const nginxJson: LogFormat = {
  name: "nginx-json",
  aliases: ["nginx", "json"],
  title: "JSON lines of nginx",
  open: () => readLine,
};
