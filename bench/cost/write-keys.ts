import { hashKey } from "../../src/http/auth/keys";
import { keyEntry } from "../../src/model/keys/access-key";
import { APPLICATIONS } from "./traffic.ts";

/** Publishes a write key of each application. */
export async function writeKeys(env: Env): Promise<void> {
  for (const application of APPLICATIONS) {
    const record = { v: 1, application, scope: "write", id: application };
    await env.KEYS.put(keyEntry(await hashKey(keyOf(application))), JSON.stringify(record));
  }
}

/** The write key of an application. */
export function keyOf(application: string): string {
  return `eye_w_${application.padEnd(22, "0")}`;
}
