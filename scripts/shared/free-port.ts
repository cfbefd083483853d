import { once } from "node:events";
import { createServer } from "node:net";

/** Below the ports that the system gives to outgoing connections, one of which could take a port before it is used. */
const LOWEST = 20_000;
const PORTS = 10_000;
const MAX_TRIES = 100;

/**
 * A port that nothing uses at this moment, at 127.0.0.1.
 *
 * @param place callers at the same time get different ports if their places differ: `place` of `places`
 * @throws Error if none of 100 is free
 */
export async function freePort(place = 0, places = 1): Promise<number> {
  for (let tries = 0; tries < MAX_TRIES; tries++) {
    const port = LOWEST + Math.floor((Math.random() * PORTS) / places) * places + (place % places);
    if (await isFree(port)) return port;
  }
  throw new Error(`None of ${MAX_TRIES} ports from ${LOWEST} to ${LOWEST + PORTS - 1} is free.`);
}

async function isFree(port: number): Promise<boolean> {
  const server = createServer();
  try {
    server.listen(port, "127.0.0.1");
    await once(server, "listening");
    server.close();
    await once(server, "close");
    return true;
  } catch {
    return false;
  }
}
