import fc from "fast-check";
import { expect, it } from "vitest";
import { Refusal } from "../../../src/http/problem";
import { cloudEventsOf } from "../../../src/ingest/dialects/cloudevents";
import { DIALECTS } from "../../../src/ingest/dialects/dialects";
import { requestOf } from "./vendor-request";

it("returns events or a refusal for any input: no dialect throws or loses an event", () => {
  const anything = fc.oneof(
    fc.string(),
    fc.base64String(),
    fc.string().map((text) => `data=${text}`),
    fc.json(),
    fc.array(fc.jsonValue()).map((batch) => JSON.stringify({ batch, events: batch, data: batch })),
  );
  fc.assert(
    fc.property(anything, fc.constantFrom(...DIALECTS), fc.boolean(), (text, dialect, isGet) => {
      for (const path of dialect.paths) {
        const method = isGet ? "GET" : "POST";
        const query = new URLSearchParams(isGet ? text : "");
        const call = dialect.read(requestOf(path, text, { method, query }));
        if (call instanceof Refusal) expect(dialect.refuse(requestOf(path, text), call).status).toBeLessThan(500);
        else for (const event of call.events) expect(typeof event).toBe("object");
      }
    }),
    { numRuns: 500 },
  );
  fc.assert(fc.property(fc.string(), (text) => void cloudEventsOf(headersOf(text), text)));
});

function headersOf(text: string): Headers {
  return new Headers({ "ce-specversion": "1.0", "ce-type": encodeURIComponent(text.toWellFormed()), "ce-id": "%" });
}
