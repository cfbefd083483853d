import { beforeEach, describe, expect, test } from "vitest";
import { sendAll } from "../../../../scripts/replay/delivery/send.ts";
import { failedIds, receiptOf, storedIds } from "../../../../scripts/replay/delivery/service.ts";
import { MAX_PAGE_SIZE } from "../../../../src/model/limits.ts";
import { FakeService, pageViews } from "../fake-service.ts";

const READER = { url: "http://eye", readKey: "r" };
const OPTIONS = { url: "http://eye", key: "w", batch: 5_000, concurrency: 1 };

async function all(ids: AsyncIterable<string>): Promise<string[]> {
  const found: string[] = [];
  for await (const id of ids) found.push(id);
  return found;
}

let service: FakeService;
beforeEach(() => {
  service = new FakeService();
});

const send = (count: number) => sendAll(service.io, pageViews(count), OPTIONS, () => undefined);
const range = (from: number, to: number) => ({
  from: pageViews(1, from)[0]?.timestamp ?? "",
  to: pageViews(1, to)[0]?.timestamp ?? "",
});

describe("storedIds", () => {
  test("are the ids of a range, over all of its pages, whatever the service calls itself behind a proxy", async () => {
    const count = MAX_PAGE_SIZE + 5;
    await send(count);
    const hosts = new Set<string>();
    const io: typeof service.io = {
      ...service.io,
      fetch: (url, init) => {
        hosts.add(new URL(url).host);
        return service.io.fetch(url, init);
      },
    };
    const ids = await all(storedIds(io, READER, range(2, count)));
    expect([...hosts]).toEqual(["eye"]);
    expect(ids).toEqual(pageViews(count - 2, 2).map(({ id }) => id));
    expect(service.requests.filter((request) => request === "GET /theeye/events")).toHaveLength(2);
  });

  test("stop the replay if something else answers", async () => {
    service.intercept = () => Response.json({ results: "none" });
    await expect(all(storedIds(service.io, READER, range(0, 1)))).rejects.toThrow(
      "http://eye/theeye/events does not answer as The Eye does.",
    );
  });
});

test("failedIds are those of errors since a time, without errors that have no id", async () => {
  service.fails = ({ id }) => id === "id-1";
  await send(3);
  await service.io.pause(1_000);
  await all(storedIds(service.io, READER, range(0, 9)));
  const since = (ms: number) => all(failedIds(service.io, READER, new Date(ms).toISOString()));
  expect(await since(service.io.now())).toEqual(["id-1"]);
  expect(await since(service.io.now() + 1)).toEqual([]);
  service.intercept = () => Response.json({ results: [{ event_id: null }, {}, { event_id: "x" }], next: null });
  expect(await since(0)).toEqual(["x"]);
});

test.each([
  ["stored", "stored"],
  ["duplicate", "stored"],
  ["failed", "failed"],
  ["pending", null],
])("receiptOf an event whose receipt says %s is %s", async (status, expected) => {
  service.intercept = () => Response.json({ status });
  expect(await receiptOf(service.io, READER, "s", "id-1")).toBe(expected);
});
