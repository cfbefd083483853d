import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll } from "vitest";
import { type Service, startService } from "./service.ts";

/** The local service with a state of its own, for the tests of a file. */
export interface ServiceForTests extends Service {
  /** The folder of its state. */
  folder: string;
  /** Starts it once more after it was stopped or killed, on another port. */
  start: () => Promise<void>;
}

/**
 * Starts the service before the tests of the file (or of the `describe`) and stops it after them. Hooks that are declared
 * below run while it is running.
 *
 * @param isStarted false for tests that start it themselves
 */
export function serviceForTests(flags: readonly string[] = [], isStarted = true): ServiceForTests {
  let folder = "";
  let current: Service | null = null;
  const running = (): Service => {
    if (current === null) throw new Error("The service has not been started.");
    return current;
  };
  const start = async () => {
    current = await startService(folder, flags);
  };
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), "the-eye-"));
    if (isStarted) await start();
  }, 200_000);
  afterAll(async () => {
    await current?.stop();
    rmSync(folder, { recursive: true, force: true });
  });
  return {
    get folder() {
      return folder;
    },
    get url() {
      return running().url;
    },
    output: () => running().output(),
    stop: (signal) => running().stop(signal),
    kill: () => running().kill(),
    start,
  };
}
