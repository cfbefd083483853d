import * as v from "valibot";
import { expect } from "vitest";
import { ApplicationSchema, NewApplicationSchema, RotatedKeySchema } from "../../../src/api/admin/application-schemas";
import { ask } from "../ask";

export async function post(path: string, body: unknown): Promise<Response> {
  return ask(`/theeye/applications${path}`, { method: "POST", body: JSON.stringify(body) });
}

export async function create(name: string, more: object = {}) {
  const response = await post("", { name, ...more });
  expect(response.status).toBe(201);
  return v.parse(NewApplicationSchema, await response.json());
}

export async function rotate(name: string, scope: string) {
  const response = await post(`/${name}/keys`, { scope });
  expect(response.status).toBe(201);
  return v.parse(RotatedKeySchema, await response.json());
}

export async function show(name: string) {
  return v.parse(ApplicationSchema, await (await ask(`/theeye/applications/${name}`)).json());
}

/** What a key can do: the status of a send, which stores nothing, and of a query. */
export async function statusOf(key: string): Promise<{ send: number; list: number }> {
  const headers = { Authorization: `Bearer ${key}` };
  const send = await ask("/theeye/events?dry_run=1", { method: "POST", body: "{}", headers });
  const list = await ask("/theeye/applications", { headers });
  return { send: send.status, list: list.status };
}
