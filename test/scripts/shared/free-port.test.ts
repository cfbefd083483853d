import { once } from "node:events";
import { createServer } from "node:net";
import { expect, test } from "vitest";
import { freePort } from "../../../scripts/shared/free-port.ts";

test("a free port can be listened on, and is below those of outgoing connections", async () => {
  const port = await freePort();
  expect(port).toBeGreaterThanOrEqual(20_000);
  expect(port).toBeLessThan(30_000);
  const server = createServer().listen(port, "127.0.0.1");
  await once(server, "listening");
  server.close();
});

test("callers at the same time get different ports", async () => {
  const ports = await Promise.all(Array.from({ length: 8 }, (_, place) => freePort(place, 8)));
  expect(ports.map((port) => port % 8)).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
});
