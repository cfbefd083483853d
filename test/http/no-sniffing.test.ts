import { expect, it } from "vitest";
import { NO_SNIFFING, withoutSniffing } from "../../src/http/no-sniffing";

it("keeps browsers from guessing the type of a response, whose status, body and headers stay", async () => {
  const before = new Response("<script>", { status: 418, headers: { "Content-Type": "application/json" } });
  const response = withoutSniffing(before);
  expect(response.headers.get("X-Content-Type-Options")).toBe("nosniff");
  expect(response.headers.get("Content-Type")).toBe("application/json");
  expect(response.status).toBe(418);
  expect(await response.text()).toBe("<script>");
});

it("replaces another value of the header", () => {
  const [[name = ""] = []] = Object.entries(NO_SNIFFING);
  const response = withoutSniffing(new Response(null, { headers: { [name]: "sniff" } }));
  expect(response.headers.get(name)).toBe("nosniff");
});
