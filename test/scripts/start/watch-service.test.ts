import { expect, test } from "vitest";
import { untilDead } from "../../../scripts/start/watch-service.ts";
import { listen } from "../local-server.ts";

const LIMITS = { refusingMs: 300, silentMs: 600, everyMs: 50 };

const serving = () => listen((_, response) => void response.end("ok"));

test("a service that listens and whose processes live counts as alive while it is watched", async () => {
  expect(await untilDead((await serving()).url, undefined, AbortSignal.timeout(1_000), LIMITS)).toBeNull();
});

test("a service is dead if nothing listens on its port", async () => {
  const server = await serving();
  const dead = untilDead(server.url, undefined, new AbortController().signal, LIMITS);
  await server.close();
  expect(await dead).toBe("nothing listens at its port");
});
