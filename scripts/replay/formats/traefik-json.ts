import { hostOf, type LogEntry, type LogFormat, millis } from "./entry.ts";
import { forwardedList, ipAddress, visitorAddress } from "./fields/address.ts";
import { membersOf, numberOf, readJsonObject, textOf } from "./fields/json-line.ts";
import { anyMoment } from "./fields/moment.ts";

const NANOS_PER_MILLI = 1_000_000;

function readLine(line: string): LogEntry | null {
  const object = readJsonObject(line);
  if (object === null) return null;
  const members = membersOf(object);
  const path = textOf(members, ["requestpath"]);
  const occurredAt =
    anyMoment(members.get("startutc")) ?? anyMoment(members.get("startlocal")) ?? anyMoment(object.time);
  if (path === null || occurredAt === null) return null;
  const direct = [textOf(members, ["clienthost"]), textOf(members, ["clientaddr"])]
    .map((address) => (address === null ? null : ipAddress(address)))
    .filter((address) => address !== null);
  const duration = numberOf(members.get("duration"));
  return {
    client: visitorAddress([...forwardedList(textOf(members, ["request_x_forwarded_for"])), ...direct]),
    occurredAt,
    request: null,
    method: textOf(members, ["requestmethod"]),
    path,
    host: hostOf(textOf(members, ["requesthost", "requestaddr"])),
    status: numberOf(members.get("downstreamstatus")),
    bytes: numberOf(members.get("downstreamcontentsize")),
    referrer: textOf(members, ["request_referer"]),
    userAgent: textOf(members, ["request_user_agent"]),
    durationMs: duration === null ? null : millis(duration / NANOS_PER_MILLI),
    fields: 0,
    isCut: false,
  };
}

/** The access log of Traefik with `format: json`. Its other format is the combined format with further fields. */
export const traefikJson: LogFormat = {
  name: "traefik-json",
  aliases: [],
  title: "JSON lines of Traefik",
  open: () => readLine,
};
