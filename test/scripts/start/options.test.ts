import { expect, test } from "vitest";
import { parseStartOptions as parse } from "../../../scripts/start/options.ts";

const SETTINGS = ["KEY_CACHE_SECONDS", "RULE_LEAD_SECONDS"];
const parseStartOptions = (args: string[]) => parse(args, SETTINGS);

test("without flags wrangler gets the port and the folder that migrations and keys use", () => {
  expect(parseStartOptions([])).toEqual({
    port: 8787,
    ip: null,
    protocol: "http",
    persistTo: ".wrangler/state",
    devArguments: [
      "--port",
      "8787",
      "--persist-to",
      ".wrangler/state",
      "--inspector-port",
      "0",
      "--var",
      "RULE_LEAD_SECONDS:2",
      "--var",
      "LOCAL_MODE:true",
    ],
  });
});

test.each([[["--port", "8899", "--persist-to", "x"]], [["--port=8899", "--persist-to=x"]]])(
  "%j is understood and passed on unchanged",
  (args) => {
    const devArguments = [...args, "--inspector-port", "0", "--var", "RULE_LEAD_SECONDS:2", "--var", "LOCAL_MODE:true"];
    expect(parseStartOptions(args)).toMatchObject({ port: 8899, persistTo: "x", devArguments });
  },
);

test.each([
  [["--var", "RULE_LEAD_SECONDS:60"]],
  [["--var", "KEY_CACHE_SECONDS:1", "RULE_LEAD_SECONDS:0"]],
  [["--var=RULE_LEAD_SECONDS:9"]],
])("uses the given rule lead: %j", (args) => {
  const devArguments = [
    ...[...args, "--port", "8787", "--persist-to", ".wrangler/state"],
    ...["--inspector-port", "0", "--var", "LOCAL_MODE:true"],
  ];
  expect(parseStartOptions(args)).toMatchObject({ devArguments });
});

test("flags that only wrangler knows are passed on", () => {
  const args = ["--log-level", "debug", "--var", "KEY_CACHE_SECONDS:1", "--test-scheduled"];
  expect(parseStartOptions(args)).toMatchObject({ port: 8787, devArguments: expect.arrayContaining(args) });
});

test.each([[["--port", "x"]], [["--port", "70000"]], [["--port"]], [["--persist-to"]], [["--persist-to="]]])(
  "%j is refused with a sentence that names the flag",
  (args) => {
    expect(parseStartOptions(args)).toMatch(/^--(port|persist-to) takes /);
  },
);

test.each([
  [
    ["--var", "KEY_CACHE:1"],
    "--var KEY_CACHE is not a setting of The Eye. Settings are KEY_CACHE_SECONDS, RULE_LEAD_SECONDS.",
  ],
  [["--var=RULE_LEAD:1"], "--var RULE_LEAD is not a setting"],
  [["--var", "KEY_CACHE_SECONDS"], '--var takes NAME:VALUE, not "KEY_CACHE_SECONDS".'],
  [["--var"], "--var takes NAME:VALUE."],
])("%j is refused: %s", (args, sentence) => {
  expect(parseStartOptions(args)).toContain(sentence);
});

test.each([[["--inspector-port", "9229"]], [["--inspector-port=9229"]]])("keeps the debugger's port: %j", (args) => {
  const { devArguments = [] } = parseStartOptions(args) as { devArguments?: string[] };
  expect(devArguments.slice(0, args.length)).toEqual(args);
  expect(devArguments.slice(args.length).filter((one) => one.startsWith("--inspector-port"))).toEqual([]);
});
