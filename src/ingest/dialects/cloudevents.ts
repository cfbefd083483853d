import { isJsonObject } from "../../model/event/event";
import { decodeBase64 } from "./decode";
import { firstText, nativeEvent, textOf, unlessText, unmapped } from "./values";

/**
 * The events of a CloudEvents 1.0 request (binary, structured or batch), or null if it is not one. They use the native
 * path, since their SDKs send to any configured URL and ignore the response.
 */
export function cloudEventsOf(headers: Headers, text: string): unknown[] | null {
  const contentType = headers.get("Content-Type")?.toLowerCase() ?? "";
  if (contentType.startsWith("application/cloudevents")) {
    const body = parse(text);
    return (Array.isArray(body) ? body : [body]).map(eventOf);
  }
  if (!headers.has("ce-specversion")) return null;
  const attributes = [...headers].flatMap(([name, value]) =>
    name.startsWith("ce-") ? [[name.slice(3), decodeHeader(value)]] : [],
  );
  return [eventOf({ ...Object.fromEntries(attributes), datacontenttype: contentType || undefined, data: parse(text) })];
}

function eventOf(event: unknown): Record<string, unknown> {
  if (!isJsonObject(event)) return unmapped(event);
  const { data, data_base64, type, source, id, time, ...context } = event;
  const decoded = parse(decodeBase64(textOf(data_base64) ?? "") ?? "");
  const payload = data ?? decoded;
  return nativeEvent({
    session: firstText(event.sessionid, event.subject),
    visitor: textOf(event.visitorid),
    category: textOf(source) ?? "",
    name: textOf(type) ?? "",
    // A payload that is not an object becomes the member `value` of one.
    data: isJsonObject(payload) ? payload : payload === undefined ? {} : { value: payload },
    timestamp: time,
    id: textOf(id),
    context,
    unmapped: {
      ...{ type: unlessText(type), source: unlessText(source), id: unlessText(id) },
      // Bytes that are not JSON are kept as base64, since a text cannot represent all of them.
      data_base64: isJsonObject(decoded) && payload === decoded ? undefined : data_base64,
    },
  });
}

/** JSON, or the text itself. Undefined for an empty text. */
function parse(text: string): unknown {
  if (text === "") return undefined;
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

/** Header values are percent-encoded outside printable ASCII. */
function decodeHeader(value: string): string {
  try {
    return decodeURIComponent(value);
  } catch {
    return value;
  }
}
