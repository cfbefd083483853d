import { expect, test } from "vitest";
import { withoutCollectorPrefix } from "../../../../scripts/replay/reading/collector-prefix.ts";

const LINE = '203.0.113.7 - - [05/Mar/2026:10:00:01 +0000] "GET / HTTP/1.1" 200 5 "-" "u"';
const JSON_LINE = '{"time":"2026-03-05T10:00:01Z","remote_addr":"203.0.113.7","request":"GET / HTTP/1.1"}';

test.each([
  ["syslog", "Mar  5 10:00:01 web-1 nginx: "],
  ["journald", "Mar 15 10:00:01 web-1 nginx[12]: "],
  ["syslog with a priority", "<190>Mar  5 10:00:01 10.0.0.5 nginx: "],
  ["syslog with an ISO 8601 time", "2026-03-05T10:00:01.123456+01:00 web-1 nginx[12]: "],
  ["syslog by RFC 5424", "<190>1 2026-03-05T10:00:01Z web-1 nginx 12 - - "],
  ["syslog by RFC 5424 with data", '<190>1 2026-03-05T10:00:01Z web-1 nginx - - [a@1 b="c"] \uFEFF'],
  ["Kubernetes", "2026-03-05T10:00:01.123456789Z stdout F "],
  ["docker logs --timestamps", "2026-03-05T10:00:01.123456789Z "],
  ["docker compose logs", "web-1  | "],
  ["kubectl logs --prefix", "[pod/web-1/nginx] "],
])("removes what %s puts before a line", (_, prefix) => {
  expect(withoutCollectorPrefix(prefix + LINE)).toBe(LINE);
  expect(withoutCollectorPrefix(prefix + JSON_LINE)).toBe(JSON_LINE);
  expect(withoutCollectorPrefix(`${prefix}something else`)).toBe(`${prefix}something else`);
});

test("removes spaces before a JSON object, a comma after it, and quotes around a line", () => {
  expect(withoutCollectorPrefix(`  ${JSON_LINE},`)).toBe(JSON_LINE);
  expect(withoutCollectorPrefix(`"${LINE}"`)).toBe(LINE);
});

test.each([
  ["an address", LINE],
  ["a virtual host", `shop.example:443 ${LINE}`],
  ["a host name", LINE.replace("203.0.113.7", "crawl.example.net")],
  ["a quoted list of proxies", LINE.replace("203.0.113.7", '"203.0.113.7, 10.0.0.2"')],
  ["IIS", "2026-03-05 10:00:01 10.0.0.4 GET /a - 443 - 203.0.113.7 Mozilla/5.0 - 200 0 0 15"],
  [
    "a load balancer",
    '2015-05-13T23:39:43.945958Z my-lb 192.0.2.39:2817 10.0.0.1:80 0 0 0 200 200 0 29 "GET /" "c" - -',
  ],
])("leaves a line that begins with %s unchanged", (_, line) => {
  expect(withoutCollectorPrefix(line)).toBe(line);
});
