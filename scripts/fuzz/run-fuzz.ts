import * as v from "valibot";
import type { LocalService } from "../shared/local-service.ts";
import { seeded } from "../shared/random.ts";
import { readPages } from "../shared/read-pages.ts";
import { LOCAL_KEYS } from "../start/local-keys.ts";
import { type FuzzBody, fuzzBody } from "./bodies.ts";
import { type FuzzVendorRequest, fuzzVendorRequest, MARK } from "./vendor-requests.ts";

export interface FuzzOptions {
  minutes: number;
  /** Ends the run sooner. */
  requests: number;
  seed: number;
}

const AcceptedSchema = v.object({ accepted: v.number(), ids: v.array(v.string()) });

/** Concurrent requests. */
const CLIENTS = 8;

const REPORT_EVERY_MS = 10_000;

/** The number of requests in the protocols of other vendors' SDKs. */
const VENDORS_SHARE = 0.35;

/**
 * Runs the fuzz and accounts for everything that was accepted. Requests are generated in order from the seed, so the n-th is
 * the same in each run.
 *
 * @returns the problems, one sentence each; empty if there are none
 */
export async function runFuzz(
  { minutes, requests, seed }: FuzzOptions,
  start: () => Promise<LocalService>,
  print: (line: string) => void,
): Promise<string[]> {
  const random = seeded(seed);
  const problems: string[] = [];
  const accepted = new Map<string, number>();
  const marks = new Map<string, FuzzVendorRequest>();
  const statuses = new Map<number, number>();
  let made = 0;
  const service = await start();
  const startedAt = Date.now();
  const end = startedAt + minutes * 60_000;
  let reportAt = startedAt + REPORT_EVERY_MS;
  const client = async () => {
    while (made < requests && Date.now() < end) {
      const number = made++;
      const vendor = random.chance(VENDORS_SHARE) ? fuzzVendorRequest(random, seed, number) : null;
      const { status, text } = await (vendor === null
        ? send(service.url, fuzzBody(random, `${seed}-${number}`))
        : sendVendor(service.url, vendor));
      statuses.set(status, (statuses.get(status) ?? 0) + 1);
      if (status >= 500) problems.push(`request ${number} was answered with ${status}: ${text.slice(0, 200)}`);
      if (vendor !== null) {
        if (status < 300) for (const mark of vendor.marks) marks.set(mark, vendor);
      } else if (status === 202)
        for (const id of v.parse(AcceptedSchema, JSON.parse(text)).ids) accepted.set(id, number);
      if (Date.now() < reportAt) continue;
      reportAt += REPORT_EVERY_MS;
      const share = Math.min(100, Math.round(((Date.now() - startedAt) / (end - startedAt)) * 100));
      print(`${share} %  ${made} requests, ${accepted.size + marks.size} events accepted, ${problems.length} problems`);
    }
  };
  await Promise.all(Array.from({ length: CLIENTS }, client));
  print(`${made} requests: ${[...statuses].map(([status, count]) => `${count} × ${status}`).join(", ")}`);

  // Stopping the service stores what it has accepted.
  await service.stop();
  const reader = await start();
  const found = new Set<string>();
  const foundMarks = new Set<string>();
  const note = (row: Record<string, unknown>) => {
    for (const mark of JSON.stringify(row).match(MARK) ?? []) foundMarks.add(mark);
  };
  const counts = { stored: 0, failed: 0 };
  for await (const event of readPages(reader.url, "/theeye/events?limit=1000")) {
    found.add(String(event.id));
    note(event);
    counts.stored += 1;
  }
  for await (const error of readPages(reader.url, "/theeye/errors?limit=200")) {
    found.add(String(error.event_id));
    note(error);
    counts.failed += 1;
  }
  await reader.stop();
  print(
    `${accepted.size} ids accepted, ${marks.size} marked events of other SDKs; ${counts.stored} events stored, ${counts.failed} errors`,
  );
  for (const [id, number] of accepted) {
    if (!found.has(id)) problems.push(`the event ${id} of request ${number} is neither stored nor among the errors`);
  }
  for (const [mark, { path, body }] of marks) {
    if (!foundMarks.has(mark))
      problems.push(`the event ${mark} of ${path} is in no event and no error: ${around(body ?? path, mark)}`);
  }
  return problems;
}

function around(text: string, mark: string): string {
  const place = text.indexOf(mark);
  return text.slice(Math.max(0, place - 400), place + 200);
}

async function sendVendor(url: string, { path, method, headers, body }: FuzzVendorRequest) {
  const response = await fetch(`${url}${path}`, { method, headers, ...(body === null ? {} : { body }) });
  return { status: response.status, text: await response.text() };
}

async function send(url: string, { body, contentType }: FuzzBody): Promise<{ status: number; text: string }> {
  const headers = new Headers({ Authorization: `Bearer ${LOCAL_KEYS.write}` });
  if (contentType !== null) headers.set("Content-Type", contentType);
  const response = await fetch(`${url}/theeye/events`, { method: "POST", headers, body });
  return { status: response.status, text: await response.text() };
}
