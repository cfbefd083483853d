import { expect, test } from "vitest";
import { parseQueryOptions } from "../../../scripts/query/options.ts";

const KEYS = { R2_ACCESS_KEY_ID: "id", R2_SECRET_ACCESS_KEY: "secret" };

test("reads the local state as a table", () => {
  expect(parseQueryOptions(["-c", "SELECT 1"], {})).toMatchObject({
    ...{ sql: "SELECT 1", format: "table" },
    place: { kind: "local", bucket: null },
  });
  expect(parseQueryOptions(["--persist-to", "there", "--bucket", "b", "--format", "csv"], {})).toEqual({
    ...{ sql: null, format: "csv" },
    place: { kind: "local", state: "there", bucket: "b" },
  });
});

test("reads a bucket with the keys of the environment", () => {
  expect(parseQueryOptions(["--remote"], { ...KEYS, CLOUDFLARE_ACCOUNT_ID: "account" })).toMatchObject({
    place: { kind: "remote", account: "account", endpoint: null, bucket: null, keyId: "id", secret: "secret" },
  });
});

test("another service needs no account", () => {
  expect(parseQueryOptions(["--remote", "--endpoint", "https://s3.example.com"], KEYS)).toMatchObject({
    place: { kind: "remote", account: null, endpoint: "https://s3.example.com" },
  });
});

test.each([
  [["--remote"], {}, /needs CLOUDFLARE_ACCOUNT_ID and R2_ACCESS_KEY_ID and R2_SECRET_ACCESS_KEY/],
  [["--remote", "--endpoint", "https://s3.example.com"], { R2_ACCESS_KEY_ID: "id" }, /needs R2_SECRET_ACCESS_KEY in/],
  [["--remote", "--endpoint", "s3"], KEYS, /--endpoint takes an address/],
  [["--remote", "--persist-to", "there"], KEYS, /either --persist-to or --remote/],
  [["--endpoint", "https://s3.example.com"], {}, /--endpoint is for --remote/],
  [["--format", "xml"], {}, /--format takes table, json, csv; found xml/],
  [["--what"], {}, /--what/],
])("says what is wrong with %j", (args, environment, message) => {
  expect(parseQueryOptions(args, environment)).toMatch(message);
});
