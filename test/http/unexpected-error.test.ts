import { afterEach, expect, it, vi } from "vitest";
import { refuseUnexpected } from "../../src/http/unexpected-error";
import { ConfigError } from "../../src/model/config";

afterEach(() => {
  vi.restoreAllMocks();
});

function refusalOf(error: unknown) {
  const logged = vi.spyOn(console, "error").mockImplementation(() => undefined);
  const { code, status, detail } = refuseUnexpected(error);
  return { code, status, detail, lines: logged.mock.calls.map(([line]) => JSON.parse(String(line))) };
}

it("logs what failed, and does not show it to the client", () => {
  const { code, status, detail, lines } = refusalOf(new TypeError("a secret name"));
  expect({ code, status }).toEqual({ code: "unavailable", status: 503 });
  expect(detail).not.toContain("secret");
  expect(lines).toMatchObject([{ event: "request_failed", name: "TypeError", message: "a secret name" }]);
});

it("shows a mistake in the settings, so that it can be fixed", () => {
  const { code, detail, lines } = refusalOf(new ConfigError("KEY_CACHE_SECONDS must be a number."));
  expect({ code, detail }).toEqual({ code: "misconfigured", detail: "KEY_CACHE_SECONDS must be a number." });
  expect(lines).toHaveLength(1);
});

it("logs what is thrown without being an error", () => {
  expect(refusalOf("away").lines).toMatchObject([{ message: "away" }]);
});
