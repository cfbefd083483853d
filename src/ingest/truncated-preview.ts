import { isJsonObject, utf8Bytes } from "../model/event/event";
import { EVENT_MEMBERS } from "../model/event/extra";

/**
 * The truncated preview of an event that is too large for one message: small, but with the same verdict. A long text or
 * a large payload is validated only by its length or type, so its content can be left out.
 */

const MAX_PREVIEW_TEXT_CHARACTERS = 200;
const MAX_PREVIEW_VALUE_BYTES = 1_000;
const MAX_PREVIEW_MEMBERS = 20;

/** Members with longer names are left out, since twenty of them could fill the message. */
const MAX_PREVIEW_NAME_CHARACTERS = 64;

export function previewOf(event: unknown): unknown {
  if (!isJsonObject(event)) return previewValue(event);
  const others = Object.keys(event).filter(
    (name) => !EVENT_MEMBERS.has(name) && name.length <= MAX_PREVIEW_NAME_CHARACTERS,
  );
  const names = [...[...EVENT_MEMBERS].filter((name) => Object.hasOwn(event, name)), ...others].slice(
    0,
    MAX_PREVIEW_MEMBERS,
  );
  return Object.fromEntries(names.map((name) => [name, previewValue(event[name])]));
}

function previewValue(value: unknown): unknown {
  if (typeof value === "string") {
    if (value.length <= MAX_PREVIEW_TEXT_CHARACTERS) return value;
    // A lone surrogate would be an error that the original text does not have.
    return `${value.slice(0, MAX_PREVIEW_TEXT_CHARACTERS).replace(/[\uD800-\uDBFF]$/, "")}…`;
  }
  if (typeof value !== "object" || value === null) return value;
  if (utf8Bytes(JSON.stringify(value)) <= MAX_PREVIEW_VALUE_BYTES) return value;
  return Array.isArray(value) ? [] : {};
}
