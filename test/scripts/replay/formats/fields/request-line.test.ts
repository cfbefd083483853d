import { expect, test } from "vitest";
import { readRequestLine } from "../../../../../scripts/replay/formats/fields/request-line.ts";

test.each<[string, string | null, string | null]>([
  ["GET /a?b=1 HTTP/1.1", "GET", "/a?b=1"],
  ["POST / HTTP/2", "POST", "/"],
  ["GET /a b HTTP/1.0", "GET", "/a b"],
  ["GET /cut-at-the-e", "GET", "/cut-at-the-e"],
  ["PROPFIND http://x.example/ HTTP/1.1", "PROPFIND", "http://x.example/"],
])("%s has a method and a path", (line, method, path) => {
  expect(readRequestLine(line)).toEqual({ method, path, request: null });
});

test.each(["", "GET", "GET ", String.raw`\x16\x03\x01`, "-"])("%j is kept whole, because it is not HTTP", (line) => {
  expect(readRequestLine(line)).toEqual({ method: null, path: null, request: line });
});
