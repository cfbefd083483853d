import type { BuiltWorker } from "../shared/build-worker.ts";
import { migrate, startPlatform } from "../shared/local-platform.ts";
import { workerBindings } from "../shared/worker-bindings.ts";
import { consumerOf, type WranglerSettings } from "../shared/wrangler-settings.ts";
import type { Scenario } from "./scenarios.ts";
import type { Answer } from "./worker.ts";

const WORKER = "metered";

/** Runs a scenario on a new platform, with empty databases. */
export async function runScenario(scenario: Scenario, built: BuiltWorker, settings: WranglerSettings): Promise<Answer> {
  const consumer = consumerOf(settings, "the-eye-events");
  const { miniflare: platform, stop } = await startPlatform({
    workers: [
      {
        name: WORKER,
        modules: true,
        scriptPath: built.script,
        modulesRoot: built.folder,
        compatibilityDate: settings.compatibility_date,
        ...workerBindings(settings),
        d1Databases: ["DB"],
      },
    ],
  });
  try {
    await migrate(platform, "DB", WORKER);
    const response = await platform.dispatchFetch("http://localhost/", {
      method: "POST",
      body: JSON.stringify({
        scenario,
        settings: { maxBatchSize: consumer.max_batch_size, maxBatchTimeoutMs: consumer.max_batch_timeout * 1_000 },
        probe: [10, 100],
      }),
    });
    if (!response.ok) throw new Error(`the metered Worker failed: ${await response.text()}`);
    return (await response.json()) as Answer;
  } finally {
    await stop();
  }
}
