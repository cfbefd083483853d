import { type ChildProcess, spawn } from "node:child_process";
import { join } from "node:path";

/** How long wrangler may take to end before its whole process group is ended. */
const STOP_GRACE_MS = 5_000;

const POSIX = process.platform !== "win32";

export interface ServiceProcess {
  /** Fulfilled with the exit code once it has ended and nothing of it is left. */
  ended: Promise<number>;
  /** The leader of its process group. */
  pid: number | undefined;
  /** Asks it to end. More than once is no matter. */
  stop: () => void;
}

const KEEPER = join(import.meta.dirname, "keep-service.ts");

/**
 * Starts a long-running command as the leader of a process group of its own, so that its grandchildren (workerd) can be
 * ended with it even when it dies without looking after them. They end with this process too, however it ends; see keep-service.ts.
 */
export function startProcess(command: readonly string[], env: NodeJS.ProcessEnv): ServiceProcess {
  const args = ["--no-warnings", KEEPER, ...command];
  const child = spawn(process.execPath, args, {
    env,
    stdio: ["ignore", "inherit", "inherit", "ipc"],
    detached: POSIX,
  });
  let timer: NodeJS.Timeout | undefined;
  const ended = new Promise<number>((resolve, reject) => {
    child.once("error", reject);
    child.once("exit", (code) => {
      clearTimeout(timer);
      endGroup(child);
      resolve(code ?? 1);
    });
  });
  return {
    ended,
    pid: child.pid,
    stop() {
      if (timer !== undefined) return;
      signalGroup(child, "SIGTERM");
      timer = setTimeout(() => endGroup(child), STOP_GRACE_MS);
    },
  };
}

function endGroup(child: ChildProcess): void {
  signalGroup(child, "SIGKILL");
}

function signalGroup(child: ChildProcess, signal: NodeJS.Signals): void {
  if (!POSIX || child.pid === undefined) {
    child.kill(signal);
    return;
  }
  try {
    process.kill(-child.pid, signal);
  } catch {
    // The group has ended by itself.
  }
}
