import { dirname } from "node:path";
import { startPlatform } from "../shared/local-platform.ts";
import { workerBindings } from "../shared/worker-bindings.ts";
import { workerdProcesses } from "../shared/workerd-processes.ts";
import { readWranglerSettings } from "../shared/wrangler-settings.ts";

export interface ExportPlatform {
  url: URL;
  /** The process of workerd; null where it is not known. */
  pid: number | null;
  /** Moves everything to the archive. */
  compact(): Promise<void>;
  stop(): Promise<void>;
}

/** workerd with the service on its own socket, over databases that are filled already. */
export async function startExportPlatform(storage: string, script: string): Promise<ExportPlatform> {
  const settings = readWranglerSettings();
  const before = workerdProcesses();
  const platform = await startPlatform({
    resourcePersistencePath: storage,
    workers: [
      {
        name: "asked",
        modules: true,
        scriptPath: script,
        modulesRoot: dirname(script),
        compatibilityDate: settings.compatibility_date,
        ...workerBindings(settings),
        // As the fill names them.
        d1Databases: ["DB", "COMPARED"],
        unsafeDirectSockets: [{ host: "127.0.0.1", port: 0 }],
      },
    ],
  });
  const url = await platform.miniflare.unsafeGetDirectURL("asked");
  const [pid = null] = [...workerdProcesses()].filter((one) => !before.has(one));
  const order = async (path: string): Promise<{ did?: string }> => {
    const response = await fetch(new URL(path, url));
    if (!response.ok) throw new Error(`the Worker failed: ${await response.text()}`);
    return (await response.json()) as { did?: string };
  };
  await order("/bench/key");
  return {
    url,
    pid,
    async compact() {
      while ((await order("/bench/compact")).did !== "waiting");
    },
    stop: platform.stop,
  };
}
