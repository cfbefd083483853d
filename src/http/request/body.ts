import { gunzipSync } from "node:zlib";
import { MAX_BODY_BYTES } from "../../model/limits";
import { Refusal } from "../problem";

/** A body as text, with its size in bytes after decompression. */
export interface Body {
  text: string;
  bytes: number;
}

/**
 * Reads a request's body of any content type: plain or gzip, UTF-8 with or without a byte order mark.
 *
 * gzip is recognised by its first two bytes, whatever `Content-Encoding` says: several SDKs send it without the header, and
 * some proxies decompress a body and leave the header. At most MAX_BODY_BYTES are read before and after decompression,
 * which stops a gzip bomb.
 */
export async function readBody(request: Request): Promise<Body | Refusal> {
  const raw = await readBytes(request);
  if (raw instanceof Refusal) return raw;
  const encoding = (request.headers.get("Content-Encoding") ?? "").trim().toLowerCase();
  if (raw[0] === 0x1f && raw[1] === 0x8b) {
    const bytes = unzip(raw);
    return bytes instanceof Refusal ? bytes : decode(bytes, "The body is gzip of something that is not UTF-8.");
  }
  if (!["", "identity", "gzip", "x-gzip"].includes(encoding)) {
    return new Refusal(
      "unsupported_encoding",
      "`Content-Encoding` must be gzip or identity.",
      {},
      { "Accept-Encoding": "gzip" },
    );
  }
  return decode(raw, encoding.endsWith("gzip") ? "The body is neither gzip nor UTF-8." : "The body is not UTF-8.");
}

async function readBytes(request: Request): Promise<Uint8Array | Refusal> {
  const stated = request.headers.get("Content-Length");
  if (stated !== null) {
    if (Number(stated) > MAX_BODY_BYTES) return tooLarge(Number(stated));
    // One read suffices, since the platform enforces the stated length.
    const bytes = new Uint8Array(await request.arrayBuffer());
    return bytes.length > MAX_BODY_BYTES ? tooLarge(bytes.length) : bytes;
  }
  if (request.body === null) return new Uint8Array();
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of request.body) {
    size += chunk.length;
    // Leaving the loop also cancels the stream.
    if (size > MAX_BODY_BYTES) return tooLarge();
    chunks.push(chunk);
  }
  return join(chunks, size);
}

function join(chunks: readonly Uint8Array[], size: number): Uint8Array {
  const joined = new Uint8Array(size);
  let offset = 0;
  for (const chunk of chunks) {
    joined.set(chunk, offset);
    offset += chunk.length;
  }
  return joined;
}

function unzip(raw: Uint8Array): Uint8Array | Refusal {
  try {
    return gunzipSync(raw, { maxOutputLength: MAX_BODY_BYTES });
  } catch (error) {
    // Only maxOutputLength causes a RangeError. Node gives it a code, workerd does not.
    if (error instanceof RangeError) return tooLarge();
    return new Refusal("invalid_json", "The body is not valid gzip, or it is incomplete.");
  }
}

/** One decoder for all requests: each body is decoded in one call, which leaves no state. */
const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: false });

function decode(bytes: Uint8Array, whereNot: string): Body | Refusal {
  try {
    return { text: utf8.decode(bytes), bytes: bytes.length };
  } catch {
    return new Refusal("invalid_json", whereNot);
  }
}

function tooLarge(actual?: number): Refusal {
  return new Refusal("payload_too_large", `The body may have at most ${MAX_BODY_BYTES} bytes after decompression.`, {
    limit: MAX_BODY_BYTES,
    ...(actual === undefined ? {} : { actual }),
  });
}
