import { describe, expect, it } from "vitest";
import { parseConfig } from "../../src/model/config";

describe("parseConfig", () => {
  it("fills in every default", () => {
    expect(parseConfig({})).toEqual({
      futureToleranceMicros: 60_000_000,
      keyCacheMs: 30_000,
      hotMicros: null,
      graceMicros: 300_000_000,
      ruleLeadMicros: 60_000_000,
      partitionMicros: null,
      pathPrefix: "",
      localMode: false,
      alertsAllowInsecureHosts: false,
      adminKey: null,
    });
  });

  it("reads numbers, also as the texts that a shell or a dashboard sends", () => {
    const adminKey = `eye_a_${"x".repeat(22)}`;
    expect(
      parseConfig({
        FUTURE_TOLERANCE_SECONDS: "0",
        KEY_CACHE_SECONDS: 3600,
        HOT_SECONDS: "5",
        GRACE_SECONDS: 0,
        RULE_LEAD_SECONDS: "2",
        PARTITION_SECONDS: "900",
        ADMIN_KEY: adminKey,
        DB: {},
      }),
    ).toEqual({
      futureToleranceMicros: 0,
      keyCacheMs: 3_600_000,
      hotMicros: 5_000_000,
      graceMicros: 0,
      ruleLeadMicros: 2_000_000,
      partitionMicros: 900_000_000,
      pathPrefix: "",
      localMode: false,
      alertsAllowInsecureHosts: false,
      adminKey,
    });
  });

  it.each([
    ["FUTURE_TOLERANCE_SECONDS", "soon"],
    ["FUTURE_TOLERANCE_SECONDS", ""],
    ["FUTURE_TOLERANCE_SECONDS", -1],
    ["FUTURE_TOLERANCE_SECONDS", 1.5],
    ["FUTURE_TOLERANCE_SECONDS", 86_401],
    ["FUTURE_TOLERANCE_SECONDS", null],
    ["PARTITION_SECONDS", 901],
    ["KEY_CACHE_SECONDS", 3_601],
    ["KEY_CACHE_SECONDS", "Infinity"],
    ["RULE_LEAD_SECONDS", 3_601],
  ])("names %s and how to fix it if it is %j", (name, value) => {
    expect(() => parseConfig({ [name]: value })).toThrow(new RegExp(`${name} is not valid\\. Set it under \\[vars\\]`));
  });

  it.each(["eye_a_tooshort", `eye_w_${"x".repeat(22)}`, `eye_a_${"x".repeat(22)} `, ""])(
    "does not repeat a secret that it refuses: %j",
    (secret) => {
      const refuse = () => parseConfig({ ADMIN_KEY: secret });
      expect(refuse).toThrow(/ADMIN_KEY is not valid\. Run `npm run deploy`/);
      if (secret === "") return;
      expect(refuse).toThrow(expect.objectContaining({ message: expect.not.stringContaining(secret) }));
    },
  );
});
