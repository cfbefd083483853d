import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import * as v from "valibot";
import { freePort } from "./free-port.ts";

/** `npm start` as a child process of a script. */
export interface LocalService {
  url: string;
  /** Stops the service gracefully: it first stores what it has accepted. */
  stop: () => Promise<void>;
  /** Kills all of its processes at once, like a power cut. The messages in its in-memory queue are lost. */
  kill: () => Promise<void>;
}

const LockSchema = v.object({ pid: v.number(), group: v.number() });

const START = join(import.meta.dirname, "..", "start.ts");

/**
 * Starts the local service on a free port.
 *
 * @throws Error with its output if it exits before it is ready
 */
export async function startLocalService(persistTo: string): Promise<LocalService> {
  const port = await freePort();
  const child = spawn(process.execPath, ["--no-warnings", START, "--port", String(port), "--persist-to", persistTo], {
    stdio: ["ignore", "pipe", "pipe"],
  });
  let output = "";
  const exited = once(child, "exit");
  const ready = new Promise<void>((resolve) => {
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding("utf8").on("data", (text: string) => {
        // After that it writes a line for each request.
        if (!output.includes("The Eye is ready")) output += text;
        if (output.includes("The Eye is ready")) resolve();
      });
    }
  });
  await Promise.race([ready, exited]);
  if (child.exitCode !== null || child.signalCode !== null) throw new Error(`npm start ended:\n${output}`);
  return {
    url: `http://localhost:${port}`,
    async stop() {
      child.kill("SIGTERM");
      await exited;
    },
    async kill() {
      const { pid, group } = v.parse(LockSchema, JSON.parse(readFileSync(join(persistTo, "the-eye.lock"), "utf8")));
      if (process.platform !== "win32") process.kill(-group, "SIGKILL");
      process.kill(pid, "SIGKILL");
      await exited;
    },
  };
}
