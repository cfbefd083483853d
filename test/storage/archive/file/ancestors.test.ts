import { expect, it } from "vitest";
import { ancestorsOf, ancestorsText } from "../../../../src/storage/archive/file/ancestors";

const read = (customMetadata: Record<string, string> | undefined) =>
  ancestorsOf(customMetadata === undefined ? {} : { customMetadata });

it("is read as it was written", () => {
  const metadata = ancestorsText({ footerBytes: 1_234 }, [5, 2 ** 48 - 1, 7]);
  expect(read(metadata)).toEqual({ ancestors: [5, 2 ** 48 - 1, 7], footerBytes: 1_234 });
});

it("is nothing for a file that was not rewritten", () => {
  expect(ancestorsText({ footerBytes: 1_234 }, [])).toEqual({});
  expect(read({})).toEqual({ ancestors: [], footerBytes: null });
  expect(read(undefined)).toEqual({ ancestors: [], footerBytes: null });
});

it("names the 300 youngest ancestors, which fit into the 8 KB that an object's metadata may have", () => {
  const all = Array.from({ length: 400 }, (_, n) => 2 ** 48 - 1 - n);
  const metadata = ancestorsText({ footerBytes: 10 ** 9 }, all);
  expect(read(metadata).ancestors).toEqual(all.slice(100));
  expect(Object.entries(metadata).flat().join("").length).toBeLessThan(8_192);
});

it.each([{ ancestors: "5" }, { footer: "9" }, { ancestors: "5", footer: "long" }, { other: "1" }])(
  "is nothing in metadata of another origin: %j",
  (metadata) => {
    expect(read(metadata)).toEqual({ ancestors: [], footerBytes: null });
  },
);
