import { type ChildProcess, spawn } from "node:child_process";
import { join } from "node:path";

/** How long wrangler may take to exit before its whole process group is killed. */
const STOP_GRACE_MS = 5_000;

const POSIX = process.platform !== "win32";

export interface ServiceProcess {
  /** Resolves with the exit code once all of its processes have exited. */
  ended: Promise<number>;
  /** The leader of its process group. */
  pid: number | undefined;
  /** Signals it to exit. Repeated calls are harmless. */
  stop: () => void;
}

const KEEPER = join(import.meta.dirname, "keep-service.ts");

/**
 * Starts a long-running command as the leader of a new process group, so that its grandchildren (workerd) can be ended even
 * if it dies without ending them. They also end with this process, however it exits; see keep-service.ts.
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
    // The group has already exited.
  }
}
