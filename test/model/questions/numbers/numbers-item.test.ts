import { describe, expect, it } from "vitest";
import { numbersItemOf } from "../../../../src/model/questions/numbers/numbers-item";
import type { NumbersQuestion } from "../../../../src/model/questions/question";
import type { SequenceEvent } from "../../../../src/model/questions/sequences/sequence-event";
import { metricOf, question } from "./sampled-sessions";

const VALUES: Record<string, string> = { path: "/orders/7", plan: "pro", price: "12" };

const EVENT: SequenceEvent = {
  ...{ occurredAt: question.bounds[0] ?? 0, visitor: null },
  source: { application: "shop", category: "checkout", name: "order" },
  valueAt: (path) => VALUES[path.join(".")] ?? null,
  numberAt: (path) => (path.join(".") === "price" ? 12 : null),
};

const property = (name: string) => ({ name, path: [name] });

function itemOf(changes: Partial<NumbersQuestion>, event: Partial<SequenceEvent> = {}) {
  const asked: NumbersQuestion = { ...question, category: null, name: null, properties: [], groupBy: [], ...changes };
  return numbersItemOf(asked)({ ...EVENT, ...event });
}

describe("the item of an event", () => {
  it("has the group, the bucket and the number of the query", () => {
    const groupBy = [{ kind: "application" as const }, { kind: "property" as const, property: property("plan") }];
    const metric = { kind: "sum" as const, property: property("price") };
    expect(itemOf({ groupBy, metric })).toEqual({ key: '["shop","pro"]', place: 0, number: 12 });
    expect(itemOf({ metric: { ...metric, property: property("plan") } })).toMatchObject({ key: "[]", number: null });
  });

  it("counts one where events are counted, in the bucket of the event", () => {
    const bounds = [100, 200, 300];
    expect(itemOf({ bounds, metric: metricOf("events") }, { occurredAt: 250 })).toMatchObject({ place: 1, number: 1 });
  });

  it.each<[Partial<NumbersQuestion>, boolean]>([
    [{ category: "checkout", name: "order" }, true],
    [{ category: "other" }, false],
    [{ name: "other" }, false],
  ])("is null unless the type matches: %j", (changes, matches) => {
    expect(itemOf(changes) !== null).toBe(matches);
  });

  it("reads values under the template of the type", () => {
    const templates = [{ category: "checkout", name: "order", path: "path", template: "/orders/:id" }];
    const groupBy = [{ kind: "property" as const, property: property("path") }];
    expect(itemOf({ groupBy, templates })?.key).toBe('["/orders/:id"]');
    const other = { source: { ...EVENT.source, name: "other" } };
    expect(itemOf({ groupBy, templates }, other)?.key).toBe('["/orders/7"]');
  });
});
