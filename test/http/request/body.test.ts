// Needs the Request of workerd: that of Node takes a stream only with the option `duplex`.
import "cloudflare:workers";
import { gzipSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { readBody, readBodyOfLines } from "../../../src/http/request/body";
import { MAX_BODY_BYTES } from "../../../src/model/limits";
import { expectRefusal } from "../expect-refusal";

const TEXT = '{"name":"pageview ✓"}';

function post(body: BodyInit | null, headers: Record<string, string> = {}): Request {
  return new Request("https://eye.example/", { method: "POST", body, headers });
}

/** A body of unknown length, as in a chunked transfer. */
function chunked(chunks: Iterable<Uint8Array>): ReadableStream<Uint8Array> {
  const iterator = chunks[Symbol.iterator]();
  return new ReadableStream({
    pull(controller) {
      const next = iterator.next();
      if (next.done) controller.close();
      else controller.enqueue(next.value);
    },
  });
}

function stated(body: Uint8Array): Request {
  return post(body, { "Content-Length": String(body.length) });
}

const bytes = (text: string) => new TextEncoder().encode(text);

describe("readBody", () => {
  it.each([
    "application/json",
    "text/plain",
    "application/x-www-form-urlencoded",
    "application/octet-stream",
    "nonsense",
  ])("reads a body of type %s", async (type) => {
    expect(await readBody(post(TEXT, { "Content-Type": type }))).toEqual({ text: TEXT, bytes: bytes(TEXT).length });
  });

  it("reads a missing body as an empty text", async () => {
    const empty = { text: "", bytes: 0 };
    expect(await readBody(post(null))).toEqual(empty);
    expect(await readBody(post(""))).toEqual(empty);
    expect(await readBody(post(null, { "Content-Encoding": "gzip" }))).toEqual(empty);
    expect(await readBody(post(chunked([])))).toEqual(empty);
  });

  it.each(["gzip", "GZIP", "x-gzip", " gzip "])("unzips Content-Encoding %j", async (encoding) => {
    expect(await readBody(post(gzipSync(TEXT), { "Content-Encoding": encoding }))).toMatchObject({ text: TEXT });
  });

  it.each([{}, { "Content-Encoding": "identity" }])("recognises gzip by its first bytes, with %j", async (headers) => {
    expect(await readBody(post(gzipSync(TEXT), headers))).toMatchObject({ text: TEXT });
  });

  it.each(["br", "deflate", "zstd", "gzip, gzip"])("refuses Content-Encoding %s", async (encoding) => {
    const refusal = expectRefusal(await readBody(post(TEXT, { "Content-Encoding": encoding })), "unsupported_encoding");
    expect(refusal.headers["Accept-Encoding"]).toBe("gzip");
  });

  it("joins the chunks of a stream, also within characters", async () => {
    const single = Array.from(bytes(TEXT), (byte) => Uint8Array.of(byte));
    expect(await readBody(post(chunked(single)))).toEqual({ text: TEXT, bytes: bytes(TEXT).length });
  });

  it("removes a byte order mark", async () => {
    expect(await readBody(post(bytes(`\uFEFF${TEXT}`)))).toMatchObject({ text: TEXT });
  });

  it.each([
    ["truncated", gzipSync(TEXT).subarray(0, 20)],
    ["corrupt", Uint8Array.of(0x1f, 0x8b, 1, 2, 3, 4, 5, 6, 7, 8, 9)],
  ])("refuses %s gzip", async (_, body) => {
    expect(expectRefusal(await readBody(post(body)), "invalid_json").detail).toContain("gzip");
  });

  it.each(["gzip", "x-gzip"])("reads plain text that is declared as %s", async (encoding) => {
    const headers = { "Content-Encoding": encoding };
    expect(await readBody(post(TEXT, headers))).toEqual({ text: TEXT, bytes: bytes(TEXT).length });
    expect(await readBody(post(bytes(`\uFEFF${TEXT}`), headers))).toMatchObject({ text: TEXT });
  });

  it("refuses a body that is declared as gzip and is neither gzip nor text", async () => {
    const body = gzipSync(TEXT).subarray(1);
    const refusal = expectRefusal(await readBody(post(body, { "Content-Encoding": "gzip" })), "invalid_json");
    expect(refusal.detail).toBe("The body is neither gzip nor UTF-8.");
  });

  it.each(["br", "deflate"])("unzips gzip that is declared as %s", async (encoding) => {
    expect(await readBody(post(gzipSync(TEXT), { "Content-Encoding": encoding }))).toMatchObject({ text: TEXT });
  });

  it("refuses gzip of gzip", async () => {
    const refusal = expectRefusal(await readBody(post(gzipSync(gzipSync(TEXT)))), "invalid_json");
    expect(refusal.detail).toContain("gzip of something");
  });

  it.each([[[0xff]], [[0xc3]], [[0xed, 0xa0, 0x80]]])("refuses %j, which is not UTF-8", async (body) => {
    expect(expectRefusal(await readBody(post(Uint8Array.from(body))), "invalid_json").detail).toContain("UTF-8");
  });

  it.each([
    ["plain", (body: Uint8Array) => body, "The body is not UTF-8"],
    ["gzip", (body: Uint8Array) => gzipSync(body), "The body is gzip of something that is not UTF-8"],
  ])("reads the rest of lines that are not UTF-8, %s", async (_, sent, notUtf8) => {
    const body = Uint8Array.of(...bytes("\uFEFF✓ Z"), 0xfc, ...bytes("rich ✓"));
    expect(await readBodyOfLines(post(sent(body)))).toEqual({
      text: "✓ Z�\\xFCrich ✓",
      bytes: body.length,
      notUtf8,
    });
    expect(await readBodyOfLines(post(sent(bytes(TEXT))))).toMatchObject({ text: TEXT, notUtf8: null });
  });

  it("accepts a body of exactly the limit", async () => {
    const body = new Uint8Array(MAX_BODY_BYTES).fill(0x20);
    expect(await readBody(stated(body))).toMatchObject({ bytes: MAX_BODY_BYTES });
    expect(await readBody(post(chunked([body])))).toMatchObject({ bytes: MAX_BODY_BYTES });
    expect(await readBody(post(gzipSync(body)))).toMatchObject({ bytes: MAX_BODY_BYTES });
  });

  it("reports the limit and the size of a body that is too large", async () => {
    const refusal = expectRefusal(await readBody(stated(new Uint8Array(MAX_BODY_BYTES + 1))), "payload_too_large");
    expect(refusal.members).toEqual({ limit: MAX_BODY_BYTES, actual: MAX_BODY_BYTES + 1 });
  });

  it("stops reading an endless stream at the limit", async () => {
    let pulled = 0;
    function* endless() {
      for (;;) {
        pulled += 65_536;
        yield new Uint8Array(65_536);
      }
    }
    const refusal = expectRefusal(await readBody(post(chunked(endless()))), "payload_too_large");
    expect(refusal.members).toEqual({ limit: MAX_BODY_BYTES });
    expect(pulled).toBeLessThan(MAX_BODY_BYTES + 10 * 65_536);
  });

  it("stops a gzip bomb at the limit", async () => {
    const bomb = gzipSync(new Uint8Array(100_000_000));
    expect(bomb.length).toBeLessThan(MAX_BODY_BYTES);
    expectRefusal(await readBody(post(bomb)), "payload_too_large");
    expectRefusal(await readBody(post(gzipSync(new Uint8Array(MAX_BODY_BYTES + 1)))), "payload_too_large");
  });
});
