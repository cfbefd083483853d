import { env } from "cloudflare:workers";
import * as v from "valibot";
import { expect } from "vitest";
import { FunnelResponse } from "../../../src/api/sequences/funnels";
import type { JobMessage } from "../../../src/model/questions/job-message";
import { databasesOf } from "../../../src/storage/core/databases";
import { seedLocalKeys } from "../../http/auth/seed";
import { eventRow, MINUTE, MORNING, SECOND, store } from "../../storage/seed";
import { ask } from "../ask";

/** Sixty sessions of one visitor each: all open /, half of them continue to the blog, a sixth signs up a minute later. */
export const rows = Array.from({ length: 60 }, (_, n) => {
  const at = MORNING + n * MINUTE;
  const own = { session: `visit ${n}`, visitor: `visitor ${n % 20}`, application: n % 2 === 0 ? "shop" : "blog" };
  return [
    eventRow({ ...own, occurredAt: at, data: '{"path":"/"}' }),
    ...(n % 2 === 0
      ? [eventRow({ ...own, occurredAt: at, receivedAt: at + 5_000, data: `{"path":"/blog/${n % 3}"}` })]
      : []),
    ...(n % 6 === 0
      ? [eventRow({ ...own, occurredAt: at + 60 * SECOND, category: "form", name: "submit", data: '{"plan":3}' })]
      : []),
  ];
}).flat();

export async function seedVisits(): Promise<void> {
  await seedLocalKeys();
  await store(databasesOf(env), { events: rows });
}

/** The day of the visits. */
export const day = { start_date: "2021-01-01", end_date: "2021-01-01" };

/** From the start page to the blog, and to the form. */
export const steps = [{ name: "pageview", data: { path: "/" } }, { data: { path: ["/blog/*"] } }, { category: "form" }];

export async function post(path: string, body: unknown, bindings: Env = env): Promise<Response> {
  return ask(path, { method: "POST", body: JSON.stringify(body) }, bindings);
}

export async function funnel(body: Record<string, unknown>) {
  const response = await post("/theeye/funnels", { ...day, ...body });
  expect(response.status).toBe(200);
  return v.parse(FunnelResponse, await response.json());
}

export async function expectProblem(
  response: Response,
  code: string,
  members: Record<string, unknown> = {},
): Promise<void> {
  expect(await response.json()).toMatchObject({ code, ...members });
}

/** As if more events were counted in the first database. The events that are read stay the same. */
export async function countMore(events: number): Promise<void> {
  await env.DB.prepare("UPDATE counts SET events = events + ?1 WHERE bucket = ?2")
    .bind(events, MORNING / SECOND)
    .run();
}

/** An environment whose queue of jobs keeps its messages. */
export function withQueue(): { bindings: Env; sent: JobMessage[] } {
  const sent: JobMessage[] = [];
  const send = async (message: JobMessage) => void sent.push(message);
  return { sent, bindings: { ...env, JOBS: { send } as unknown as Queue } };
}
