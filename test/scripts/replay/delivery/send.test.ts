import { gunzipSync } from "node:zlib";
import { expect, test } from "vitest";
import { sendAll } from "../../../../scripts/replay/delivery/send.ts";
import { ReplayStopped } from "../../../../scripts/replay/stopped.ts";
import { FakeService, pageViews } from "../fake-service.ts";

const OPTIONS = { url: "http://eye", key: "the-key", batch: 4, concurrency: 2 };

test("sends all events compressed, in batches, and reports how many of each were accepted", async () => {
  const service = new FakeService();
  const sent: { ids: string[]; headers: Headers }[] = [];
  const io: typeof service.io = {
    ...service.io,
    fetch: (url, init) => {
      const events: { id: string }[] = JSON.parse(gunzipSync(init.body as Uint8Array).toString());
      sent.push({ ids: events.map(({ id }) => id), headers: new Headers(init.headers) });
      return service.io.fetch(url, init);
    },
  };
  const accepted: number[] = [];
  await sendAll(io, pageViews(10), OPTIONS, (count) => void accepted.push(count));
  expect(sent.flatMap(({ ids }) => ids).toSorted()).toEqual(pageViews(10).map(({ id }) => id));
  expect(accepted).toEqual([4, 4, 2]);
  expect(Object.fromEntries(sent[0]?.headers ?? [])).toEqual({
    authorization: "Bearer the-key",
    "content-encoding": "gzip",
    "content-type": "application/json",
  });
});

test("stops at a batch that is refused, or answered by something else", async () => {
  const service = new FakeService();
  const send = () => sendAll(service.io, pageViews(3), OPTIONS, () => undefined);
  service.intercept = () => new Response("no", { status: 400 });
  await expect(send()).rejects.toThrow(/refused the request: 400 no/);
  service.intercept = () => Response.json({ hello: "world" });
  await expect(send()).rejects.toThrow(ReplayStopped);
  await expect(send()).rejects.toThrow(/Is --url the address where The Eye runs\?/);
});
