import { createApp } from "../../src/api/app";
import { compactStep } from "../../src/compaction/compact-step";
import { compactionSettings } from "../../src/compaction/compaction-settings";
import { hashKey } from "../../src/http/auth/keys";
import { keyEntry } from "../../src/model/keys/access-key";
import { DEFAULT_STORAGE_SETTINGS } from "../../src/storage/admin/storage-settings";
import { BENCH_KEY } from "./key";

// wrangler.toml names this class, so the bundle must have it; nothing calls it here.
export { Session } from "../../src/session/session-object";

const app = createApp();

/** The real service, and two requests of bench/export.ts: to make its key, and to move everything to the archive. */
export default {
  async fetch(request, env, ctx): Promise<Response> {
    const { pathname } = new URL(request.url);
    if (pathname === "/bench/key") {
      const record = { v: 1, application: "bench", scope: "read", id: "bench" };
      await env.KEYS.put(keyEntry(await hashKey(BENCH_KEY)), JSON.stringify(record));
      return Response.json({});
    }
    if (pathname === "/bench/compact") return Response.json({ did: await compactSome(env) });
    return app.fetch(request, env, ctx);
  },
} satisfies ExportedHandler<Env>;

/** Steps of one request: each copies an hour. */
const STEPS = 20;

/** Long after everything that was written. */
const LATER = 4_000_000_000_000_000;

async function compactSome(env: Env): Promise<string> {
  const settings = compactionSettings({ hotMicros: 0, graceMicros: 0 }, DEFAULT_STORAGE_SETTINGS);
  const world = { databases: [{ index: 0, binding: env.DB }], archive: env.ARCHIVE, settings, log: () => {} };
  let did = "";
  for (let step = 0; step < STEPS; step++) {
    const result = await compactStep(world, LATER);
    if (result.did === "waiting" || (result.did === "flushed" && result.rows === 0)) return "waiting";
    did = result.did;
  }
  return did;
}
