import { expect, test } from "vitest";
import { eventually } from "./service.ts";
import { serviceForTests } from "./service-for-tests.ts";

/** Twenty clients ask the most expensive questions while an application sends events: each of these is stored. */

const CLIENTS = 20;
const QUESTIONS_PER_CLIENT = 6;
const STORED_BEFORE = 6_000;
const SENT_MEANWHILE = 150;
const PER_REQUEST = 10;

/** Far more than the questions may cost, since one small machine runs the service, the questions and other tests. */
const MOST_TIMES_SLOWER = 50;
const SLACK_MS = 2_000;

const service = serviceForTests();

const DAY = Date.UTC(2026, 4, 18);

function eventAt(number: number) {
  return {
    id: `busy-${number}`,
    session_id: `busy-${number % 700}`,
    visitor_id: `visitor-${number % 90}`,
    category: "page interaction",
    name: number % 9 === 0 ? "submit" : "pageview",
    data: { path: `/p/${number % 60}`, price: number % 50 },
    timestamp: new Date(DAY + (number % 700) * 60_000 + Math.floor(number / 700) * 7_000).toISOString(),
  };
}

/** @returns the milliseconds until the 202 */
async function send(from: number, count: number): Promise<number> {
  const body = JSON.stringify(Array.from({ length: count }, (_, n) => eventAt(from + n)));
  const headers = { Authorization: "Bearer eye_w_local", "Content-Type": "application/json" };
  const started = performance.now();
  const response = await fetch(`${service.url}/theeye/events`, { method: "POST", headers, body });
  const took = performance.now() - started;
  await response.body?.cancel();
  expect(response.status).toBe(202);
  return took;
}

const headers = { Authorization: "Bearer eye_r_local" };
const day = { start_date: "2026-05-18", end_date: "2026-05-19" };

const QUESTIONS: [string, Record<string, unknown> | null][] = [
  [
    "/theeye/stats?metric=visitors&group_by=data.path,name&interval=minute&start_date=2026-05-18&end_date=2026-05-18T20:00:00&top=5",
    null,
  ],
  [
    "/theeye/stats?metric=p90:price&group_by=data.path&interval=hour&start_date=2026-05-18&end_date=2026-05-19&accuracy=exact",
    null,
  ],
  ["/theeye/sessions/stats?group_by=exit&by=data.path&interval=hour&start_date=2026-05-18&end_date=2026-05-19", null],
  ["/theeye/sessions?data.path=/none&limit=1000&start_date=2026-05-18&end_date=2026-05-19", null],
  ["/theeye/sessions?min_events=900&limit=1000", null],
  ["/theeye/retention?interval=day&start_date=2026-05-18&end_date=2026-05-22", null],
  ["/theeye/properties?category=page%20interaction&name=pageview", null],
  ["/theeye/funnels", { ...day, per: "visitor", steps: [{}, { name: "submit" }, {}], group_by: "data.path" }],
  ["/theeye/paths", { ...day, start: {}, by: "data.path", depth: 6, top: 50 }],
];

async function askOne(place: number): Promise<{ status: number; retryAfter: string | null }> {
  const [path, body] = QUESTIONS[place % QUESTIONS.length] ?? ["/", null];
  const init = body === null ? { headers } : { method: "POST", headers, body: JSON.stringify(body) };
  const response = await fetch(`${service.url}${path}`, init);
  await response.arrayBuffer();
  return { status: response.status, retryAfter: response.headers.get("Retry-After") };
}

async function storedEvents(): Promise<number> {
  const query = "interval=none&start_date=2026-05-18&end_date=2026-05-22";
  const response = await fetch(`${service.url}/theeye/stats?${query}`, { headers });
  if (response.status !== 200) return 0;
  const answer = (await response.json()) as { total: { total: number } };
  return answer.total.total;
}

const median = (numbers: readonly number[]) => numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length / 2)] ?? 0;

test("events are accepted and stored while twenty clients ask the heaviest questions", {
  timeout: 600_000,
}, async () => {
  const alone: number[] = [];
  for (let from = 0; from < STORED_BEFORE; from += 200) alone.push(await send(from, 200));
  await eventually(async () => ((await storedEvents()) === STORED_BEFORE ? true : null), 240_000);
  const quiet: number[] = [];
  let sent = STORED_BEFORE;
  for (let n = 0; n < 15; n++, sent += PER_REQUEST) quiet.push(await send(sent, PER_REQUEST));

  const answers: Awaited<ReturnType<typeof askOne>>[] = [];
  const client = async (own: number) => {
    for (let n = 0; n < QUESTIONS_PER_CLIENT; n++) answers.push(await askOne(own + n));
  };
  const busy: number[] = [];
  const traffic = async () => {
    for (let n = 0; n < SENT_MEANWHILE / PER_REQUEST; n++, sent += PER_REQUEST)
      busy.push(await send(sent, PER_REQUEST));
  };
  await Promise.all([traffic(), ...Array.from({ length: CLIENTS }, (_, own) => client(own))]);

  expect(answers).toHaveLength(CLIENTS * QUESTIONS_PER_CLIENT);
  for (const { status, retryAfter } of answers) {
    expect([200, 202, 429, 503]).toContain(status);
    if (status === 503) expect(retryAfter).not.toBeNull();
  }
  expect(answers.filter(({ status }) => status === 200).length).toBeGreaterThan(answers.length / 2);
  expect(median(busy)).toBeLessThan(MOST_TIMES_SLOWER * median(quiet) + SLACK_MS);
  await eventually(async () => ((await storedEvents()) === sent ? true : null), 240_000);
});
