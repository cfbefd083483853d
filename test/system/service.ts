import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { connect } from "node:net";
import { join } from "node:path";
import { freePort as freePortAmong } from "../../scripts/shared/free-port.ts";

export const ROOT = join(import.meta.dirname, "../..");

const POSIX = process.platform !== "win32";

const START_TIMEOUT_MS = 150_000;

/** The local service, as run by `npm start`. */
export interface Service {
  url: string;
  /** Everything printed so far, both streams. */
  output: () => string;
  /** Stops it like a service manager (SIGTERM) or Ctrl-C (SIGINT); afterwards nothing listens any more. */
  stop: (signal?: "SIGINT" | "SIGTERM") => Promise<void>;
  /** Kills all of its processes at once, like a power cut (SIGKILL). The messages in its in-memory queue are lost. */
  kill: () => Promise<void>;
}

/**
 * Runs `npm start` on a free port and waits until it prints that it is ready.
 *
 * @throws Error with its output if it exits before
 */
export async function startService(persistTo: string, flags: readonly string[] = []): Promise<Service> {
  const port = await freePort();
  const child = spawnNpm(["start", "--", "--port", String(port), "--persist-to", persistTo, ...flags]);
  const collected = collectOutput(child);
  const exited = once(child, "exit");
  const timer = setTimeout(() => child.kill("SIGTERM"), START_TIMEOUT_MS);
  await Promise.race([collected.until("Ctrl-C stops the service."), exited]);
  clearTimeout(timer);
  if (child.exitCode !== null || child.signalCode !== null) {
    throw new Error(`npm start ended before it was ready:\n${collected.text()}`);
  }
  const url = `${flags.includes("https") ? "https" : "http"}://localhost:${port}`;
  return {
    url,
    output: collected.text,
    async stop(signal = "SIGTERM") {
      if (child.exitCode === null && child.signalCode === null) {
        // Ctrl-C reaches every process of the terminal's foreground group; a service manager signals only npm.
        if (signal === "SIGINT" && POSIX && child.pid !== undefined) process.kill(-child.pid, signal);
        else child.kill(signal);
        await exited;
      }
      await untilRefused(url);
    },
    async kill() {
      // Listed before the first one is killed, because afterwards their parents are not known.
      for (const pid of [...descendants(child.pid ?? 0), child.pid ?? 0]) process.kill(pid, "SIGKILL");
      await exited;
      await untilRefused(url);
    },
  };
}

/** All descendants of a process. POSIX only. */
function descendants(root: number): number[] {
  const lines = execFileSync("ps", ["-A", "-o", "pid=,ppid="], { encoding: "utf8" }).trim().split("\n");
  const parents = new Map(lines.map((line) => line.trim().split(/\s+/).map(Number) as [number, number]));
  const isBelow = (pid: number): boolean => {
    const parent = parents.get(pid);
    return parent !== undefined && (parent === root || (parent > 1 && isBelow(parent)));
  };
  return [...parents.keys()].filter(isBelow);
}

/** Runs an npm script or a shell command in the repository, to its end. */
export async function runToEnd(
  program: string,
  args: readonly string[],
): Promise<{ code: number | null; output: string }> {
  const child = spawn(program, args, { cwd: ROOT, stdio: ["ignore", "pipe", "pipe"] });
  const collected = collectOutput(child);
  const [code] = await once(child, "close");
  return { code: typeof code === "number" ? code : null, output: collected.text() };
}

/** More than the workers of a test run. */
const MOST_WORKERS = 8;

/** A free port, which no other worker of the test run gets at the same time. */
export function freePort(): Promise<number> {
  return freePortAmong(Number(process.env.VITEST_POOL_ID ?? 0), MOST_WORKERS);
}

/** Calls `probe` until it returns a value. The queue and its consumer take seconds. */
export async function eventually<T>(probe: () => Promise<T | null>, timeoutMs = 30_000): Promise<T> {
  const end = Date.now() + timeoutMs;
  for (;;) {
    const value = await probe();
    if (value !== null) return value;
    if (Date.now() > end) throw new Error(`Nothing came within ${timeoutMs} ms.`);
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
}

function spawnNpm(args: readonly string[]): ChildProcess {
  return spawn("npm", args, {
    cwd: ROOT,
    stdio: ["ignore", "pipe", "pipe"],
    // A separate group, so that a test can act like Ctrl-C.
    detached: POSIX,
    shell: !POSIX,
  });
}

function collectOutput(child: ChildProcess): { text: () => string; until: (words: string) => Promise<void> } {
  let text = "";
  const listeners = new Set<() => void>();
  for (const stream of [child.stdout, child.stderr]) {
    stream?.setEncoding("utf8").on("data", (chunk: string) => {
      text += chunk;
      for (const listener of listeners) listener();
    });
  }
  return {
    text: () => text,
    until: (words) =>
      new Promise((resolve) => {
        const look = () => {
          if (text.includes(words)) resolve();
        };
        listeners.add(look);
        look();
      }),
  };
}

async function untilRefused(url: string): Promise<void> {
  // Of any protocol: an HTTP request to a service that speaks HTTPS fails while it runs.
  const { hostname, port } = new URL(url);
  await eventually(
    () =>
      new Promise<true | null>((resolve) => {
        const socket = connect({ host: hostname, port: Number(port) });
        const end = (isRefused: true | null) => {
          socket.destroy();
          resolve(isRefused);
        };
        socket.once("connect", () => end(null));
        socket.once("error", () => end(true));
      }),
  );
}
