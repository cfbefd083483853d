import { createElement } from "react";
import { renderToString } from "react-dom/server";
import { expect, test } from "vitest";
import { createEyeContext } from "../src/react.js";

interface Events {
  checkout: { order: { total: number } };
}

const { EyeProvider, useEye } = createEyeContext<Events>();

function Order() {
  const id = useEye().track("checkout", "order", { total: 1 });
  return createElement("p", null, `tracked ${id}`);
}

test("components get the client of the provider", () => {
  const calls: unknown[][] = [];
  const eye = {
    record: () => "",
    set() {},
    identify() {},
    consent() {},
    on: () => () => {},
    flush: async () => {},
    status: async () => ({ status: "unknown" as const, failures: [] }),
    linkTo: (url: string) => url,
    track: (...args: unknown[]) => {
      calls.push(args);
      return "id-1";
    },
  };
  expect(renderToString(createElement(EyeProvider, { eye }, createElement(Order)))).toBe("<p>tracked id-1</p>");
  expect(calls).toEqual([["checkout", "order", { total: 1 }]]);
});

test("on a server, and without a provider, nothing is captured and nothing fails", () => {
  expect(renderToString(createElement(EyeProvider, { eye: null }, createElement(Order)))).toBe("<p>tracked </p>");
  expect(renderToString(createElement(Order))).toBe("<p>tracked </p>");
});
