import { expect, test } from "vitest";
import { isAsset, isBot } from "../../../../scripts/replay/events/skip.ts";

test.each(["/a.css", "/a.JS?v=1", "/x/y.woff2", "/favicon.ico", "/logo.png;jsessionid=1", "/i.svg#icon"])(
  "%s is an asset",
  (path) => {
    expect(isAsset(path)).toBe(true);
  },
);

test.each(["/", "/a.html", "/js", "/report.pdf", "/a.css/b", "/?file=a.css", null])("%s is not an asset", (path) => {
  expect(isAsset(path)).toBe(false);
});

test("crawlers and programs are bots, browsers and lines without an agent are not", () => {
  expect(isBot("Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)")).toBe(true);
  expect(isBot("curl/8.5.0")).toBe(true);
  expect(isBot("Mozilla/5.0 (X11; Linux x86_64; rv:131.0) Gecko/20100101 Firefox/131.0")).toBe(false);
  expect(isBot(null)).toBe(false);
});
