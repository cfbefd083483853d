import { gunzipSync } from "node:zlib";
import { readBrokenUtf8 } from "../../model/json/broken-utf8";
import { MAX_BODY_BYTES } from "../../model/limits";
import { Refusal } from "../problem";

/** A body as text, with its size in bytes after decompression. */
export interface Body {
  text: string;
  bytes: number;
}

/** A body of which lines may be broken. */
export interface BodyOfLines extends Body {
  /** What to say of bytes that are not UTF-8. Null if all are. */
  notUtf8: string | null;
}

/**
 * Reads a request's body of any content type: plain or gzip, UTF-8 with or without a byte order mark.
 *
 * gzip is recognised by its first two bytes, whatever `Content-Encoding` says: several SDKs send it without the header, and
 * some proxies decompress a body and leave the header. At most MAX_BODY_BYTES are read before and after decompression,
 * which stops a gzip bomb.
 */
export async function readBody(request: Request): Promise<Body | Refusal> {
  const body = await readDecompressed(request);
  if (body instanceof Refusal) return body;
  const text = decode(body.bytes);
  return text === null ? new Refusal("invalid_json", `${body.notUtf8}.`) : { text, bytes: body.bytes.length };
}

/**
 * Like `readBody`, but does not refuse bytes that are not UTF-8. The text has them as readBrokenUtf8 writes them, so it
 * is not JSON as a whole, but single lines of it may be.
 */
export async function readBodyOfLines(request: Request): Promise<BodyOfLines | Refusal> {
  const body = await readDecompressed(request);
  if (body instanceof Refusal) return body;
  const { bytes, notUtf8 } = body;
  const text = decode(bytes);
  if (text !== null) return { text, bytes: bytes.length, notUtf8: null };
  return { text: readBrokenUtf8(bytes), bytes: bytes.length, notUtf8 };
}

/** The bytes of a body, and what to say if they are not UTF-8. */
async function readDecompressed(request: Request): Promise<{ bytes: Uint8Array; notUtf8: string } | Refusal> {
  const raw = await readBytes(request);
  if (raw instanceof Refusal) return raw;
  const encoding = (request.headers.get("Content-Encoding") ?? "").trim().toLowerCase();
  if (raw[0] === 0x1f && raw[1] === 0x8b) {
    const bytes = unzip(raw);
    return bytes instanceof Refusal ? bytes : { bytes, notUtf8: "The body is gzip of something that is not UTF-8" };
  }
  if (!["", "identity", "gzip", "x-gzip"].includes(encoding)) {
    return new Refusal(
      "unsupported_encoding",
      "`Content-Encoding` must be gzip or identity.",
      {},
      { "Accept-Encoding": "gzip" },
    );
  }
  const notUtf8 = encoding.endsWith("gzip") ? "The body is neither gzip nor UTF-8" : "The body is not UTF-8";
  return { bytes: raw, notUtf8 };
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

/** Null if the bytes are not UTF-8. */
function decode(bytes: Uint8Array): string | null {
  try {
    return utf8.decode(bytes);
  } catch {
    return null;
  }
}

function tooLarge(actual?: number): Refusal {
  return new Refusal("payload_too_large", `The body may have at most ${MAX_BODY_BYTES} bytes after decompression.`, {
    limit: MAX_BODY_BYTES,
    ...(actual === undefined ? {} : { actual }),
  });
}
