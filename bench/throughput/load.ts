import { Pool } from "undici";
import { bodiesOf, type Shape } from "./bodies.ts";
import { FORMATS, type FormatName } from "./formats.ts";

/** The request of the measuring process to the load process. */
export interface LoadOrder {
  url: string;
  key: string;
  shape: Shape;
  format: FormatName;
  connections: number;
}

/** The result of one round of load. Times are in milliseconds since 1970, with decimals. */
export interface LoadReport {
  startedAt: number;
  endedAt: number;
  /** Requests that were not accepted. */
  refused: number;
  /** Latency of each request in milliseconds, in ascending order. */
  latencies: number[];
  /** The time at which each accepted request was answered, in ascending order. */
  acceptedAt: number[];
}

const now = () => performance.timeOrigin + performance.now();

/** Sends all bodies over a fixed number of connections, each with one request in flight at a time. */
async function load({ url, key, shape, format, connections }: LoadOrder): Promise<LoadReport> {
  const { path, accepted, headers } = FORMATS[format];
  const bodies = bodiesOf(shape, FORMATS[format], key);
  const pool = new Pool(new URL(url).origin, { connections, pipelining: 1 });
  const sent = { ...headers(key), "content-type": "application/json" };
  const report: LoadReport = { startedAt: now(), endedAt: 0, refused: 0, latencies: [], acceptedAt: [] };
  let next = 0;
  async function sendInTurn(): Promise<void> {
    for (let body = bodies[next++]; body !== undefined; body = bodies[next++]) {
      const sentAt = now();
      const answer = await pool.request({ path, method: "POST", headers: sent, body });
      await answer.body.dump();
      const answeredAt = now();
      report.latencies.push(answeredAt - sentAt);
      if (answer.statusCode === accepted) report.acceptedAt.push(answeredAt);
      else report.refused += 1;
    }
  }
  await Promise.all(Array.from({ length: connections }, sendInTurn));
  report.endedAt = now();
  await pool.close();
  report.latencies.sort((a, b) => a - b);
  return report;
}

// Runs as a separate process, so that generating the load does not disturb the measuring process.
process.on("message", async (order: LoadOrder) => {
  process.send?.(await load(order));
});
