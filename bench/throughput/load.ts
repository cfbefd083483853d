import { Pool } from "undici";
import { bodiesOf, type Shape } from "./bodies.ts";

/** What the measuring process asks of the process that makes the load. */
export interface LoadOrder {
  url: string;
  key: string;
  shape: Shape;
  connections: number;
}

/** What one round of load came to. Moments are in milliseconds since 1970, with decimals. */
export interface LoadReport {
  startedAt: number;
  endedAt: number;
  /** Requests that were not answered 202. */
  refused: number;
  /** From sending to the answer, for each request, in milliseconds, in ascending order. */
  latencies: number[];
  /** The moment at which each accepted request was answered, in ascending order. */
  acceptedAt: number[];
}

const now = () => performance.timeOrigin + performance.now();

/** Sends all bodies over a fixed number of connections, each with one request under way at a time. */
async function load({ url, key, shape, connections }: LoadOrder): Promise<LoadReport> {
  const bodies = bodiesOf(shape);
  const pool = new Pool(new URL(url).origin, { connections, pipelining: 1 });
  const headers = { authorization: `Bearer ${key}`, "content-type": "application/json" };
  const report: LoadReport = { startedAt: now(), endedAt: 0, refused: 0, latencies: [], acceptedAt: [] };
  let next = 0;
  async function sendInTurn(): Promise<void> {
    for (let body = bodies[next++]; body !== undefined; body = bodies[next++]) {
      const sentAt = now();
      const answer = await pool.request({ path: "/theeye/events", method: "POST", headers, body });
      await answer.body.dump();
      const answeredAt = now();
      report.latencies.push(answeredAt - sentAt);
      if (answer.statusCode === 202) report.acceptedAt.push(answeredAt);
      else report.refused += 1;
    }
  }
  await Promise.all(Array.from({ length: connections }, sendInTurn));
  report.endedAt = now();
  await pool.close();
  report.latencies.sort((a, b) => a - b);
  return report;
}

// Run as a process of its own, so that making the load takes no time from what measures it.
process.on("message", async (order: LoadOrder) => {
  process.send?.(await load(order));
});
