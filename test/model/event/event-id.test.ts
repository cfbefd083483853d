import { expect, it } from "vitest";
import { eventIdOf } from "../../../src/model/event/event-id";

const request = "e2085be5-9137-4e4e-80b5-f1ffddc2ffff";

it("an event keeps the id that its client gave it", () => {
  expect(eventIdOf({ id: "mine" }, request, 3)).toBe("mine");
});

it.each<[unknown]>([
  [{}],
  [{ id: 7 }],
  [{ id: "" }],
  [{ id: "x".repeat(129) }],
  ["text"],
  [null],
  [[{ id: "in a list" }]],
])("%j gets an id from its position in the request", (event) => {
  expect(eventIdOf(event, request, 0)).toBe("e2085be5-9137-4e4e-80b5-f1ffddc20000");
  expect(eventIdOf(event, request, 499)).toBe("e2085be5-9137-4e4e-80b5-f1ffddc201f3");
});
