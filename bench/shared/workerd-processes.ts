import { readdirSync, readFileSync } from "node:fs";

/** Linux counts a process's time in ticks of a hundredth of a second. */
const TICK_MS = 10;

/** The workerd processes that this process has started, by process id. Empty where there is no /proc. */
export function workerdProcesses(): Set<number> {
  const own = new Set<number>();
  for (const pid of pids()) {
    const stat = statOf(pid);
    if (stat !== null && stat.parent === process.pid && stat.command.startsWith("workerd")) own.add(pid);
  }
  return own;
}

/** CPU time that a process has taken, its own and the kernel's for it, in milliseconds. */
export function cpuMsOf(pid: number): number {
  return (statOf(pid)?.ticks ?? Number.NaN) * TICK_MS;
}

/** Files that a process holds open; 0 where it cannot be told. */
export function openFilesOf(pid: number): number {
  try {
    return readdirSync(`/proc/${pid}/fd`).length;
  } catch {
    return 0;
  }
}

function pids(): number[] {
  try {
    return readdirSync("/proc").map(Number).filter(Number.isInteger);
  } catch {
    return [];
  }
}

function statOf(pid: number): { command: string; parent: number; ticks: number } | null {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, "utf8");
    // The command stands in brackets and may hold anything.
    const [, command = "", rest = ""] = /\((.*)\) (.*)/s.exec(text) ?? [];
    const fields = rest.split(" ");
    return { command, parent: Number(fields[1]), ticks: Number(fields[11]) + Number(fields[12]) };
  } catch {
    return null;
  }
}
