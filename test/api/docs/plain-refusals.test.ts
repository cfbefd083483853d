import { beforeAll, expect, it } from "vitest";
import { openApiDocument } from "../../../src/api/docs/openapi";
import { isJsonObject } from "../../../src/model/event/event";
import { seedLocalKeys } from "../../http/auth/seed";
import { ask } from "../ask";
import { publishedRequests } from "./published-examples";

/** Every refusal of a wrong value, whatever the operation and the member, is in plain words. */

const WRONG: readonly unknown[] = [null, 5, -1, 1.5, "x", "", [], {}, true];

/** The value with each of its members replaced, one at a time, at any depth, by each wrong value. */
function* spoilt(value: unknown): Generator<unknown> {
  if (Array.isArray(value)) {
    for (const [index, item] of value.entries()) {
      for (const wrong of [...WRONG, ...spoilt(item)]) yield value.with(index, wrong);
    }
  } else if (isJsonObject(value)) {
    for (const [name, held] of Object.entries(value)) {
      for (const wrong of [...WRONG, ...spoilt(held)]) yield { ...value, [name]: wrong };
    }
  }
}

const examples = publishedRequests(JSON.parse(JSON.stringify(openApiDocument()))).filter(
  ({ path, scope, body }) => body !== null && scope !== "write" && !path.startsWith("/theeye/events"),
);

beforeAll(seedLocalKeys);

it("is tested with many requests", () => expect(examples.length).toBeGreaterThan(12));

it.each(examples.map(({ name, method, path, body }) => ({ name, method, path, body })))(
  "$name",
  async ({ method, path, body }) => {
    for (const value of spoilt(JSON.parse(body ?? ""))) {
      const response = await ask(path, { method, body: JSON.stringify(value) });
      const text = await response.text();
      expect(response.status, JSON.stringify(value)).toBeLessThan(500);
      if (response.status < 400) continue;
      expect(text, JSON.stringify(value)).not.toMatch(/Invalid |[Rr]eceived (?:Array|Object|null|-?\d|\\")/);
    }
  },
);
