import type { CpuProfile } from "./cpu-profile.ts";

interface Answer {
  id?: number;
  result?: unknown;
  error?: { message: string };
}

/** A connection to workerd's inspector, with the commands that profiles need. */
export interface Inspector {
  start(): Promise<void>;
  stop(): Promise<CpuProfile>;
  close(): void;
}

/**
 * Connects to the inspector of a Worker.
 *
 * @param address of the inspector; see Miniflare's `inspectorPort`
 */
export async function inspect(address: URL, worker: string): Promise<Inspector> {
  const list = new URL("/json", address.href.replace(/^ws/, "http"));
  const targets = (await (await fetch(list)).json()) as { title: string; webSocketDebuggerUrl: string }[];
  const target = targets.find(({ title }) => title.includes(worker));
  if (target === undefined) throw new Error(`the inspector does not know the Worker ${worker}`);
  const socket = new WebSocket(target.webSocketDebuggerUrl);
  await new Promise((resolve, reject) => {
    socket.addEventListener("open", resolve, { once: true });
    socket.addEventListener("error", reject, { once: true });
  });
  let last = 0;
  const waiting = new Map<number, (answer: Answer) => void>();
  socket.addEventListener("message", ({ data }) => {
    const answer: Answer = JSON.parse(String(data));
    waiting.get(answer.id ?? 0)?.(answer);
  });
  async function call(method: string, params: Record<string, unknown> = {}): Promise<unknown> {
    const id = ++last;
    const answered = new Promise<Answer>((resolve) => waiting.set(id, resolve));
    socket.send(JSON.stringify({ id, method, params }));
    const { result, error } = await answered;
    waiting.delete(id);
    if (error !== undefined) throw new Error(`${method}: ${error.message}`);
    return result;
  }
  return {
    async start() {
      await call("Profiler.enable");
      await call("Profiler.setSamplingInterval", { interval: 200 });
      await call("Profiler.start");
    },
    async stop() {
      return ((await call("Profiler.stop")) as { profile: CpuProfile }).profile;
    },
    close: () => socket.close(),
  };
}
