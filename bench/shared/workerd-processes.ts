import { readdirSync, readFileSync, writeFileSync } from "node:fs";

/** Linux counts the CPU time of a process in hundredths of a second. */
const TICK_MS = 10;

/** The workerd processes that this process has started, by process id. Empty without /proc. */
export function workerdProcesses(): Set<number> {
  const own = new Set<number>();
  for (const pid of pids()) {
    const stat = statOf(pid);
    if (stat !== null && stat.parent === process.pid && stat.command.startsWith("workerd")) own.add(pid);
  }
  return own;
}

/** The CPU time of a process, in user and kernel mode, in milliseconds. */
export function cpuMsOf(pid: number): number {
  return (statOf(pid)?.ticks ?? Number.NaN) * TICK_MS;
}

/** The most memory that a process had since `resetPeakMemory`, in MB. NaN without /proc. */
export function peakMemoryOf(pid: number): number {
  try {
    const [, kilobytes] = /^VmHWM:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, "utf8")) ?? [];
    return Number(kilobytes) / 1_024;
  } catch {
    return Number.NaN;
  }
}

/** Lets the peak of a process begin at its present memory. Without the right to do so, it stays that of its whole life. */
export function resetPeakMemory(pid: number): void {
  try {
    writeFileSync(`/proc/${pid}/clear_refs`, "5");
  } catch {
    // No /proc.
  }
}

/** The number of open files of a process; 0 if it is not known. */
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
    // The command is in brackets and may contain any character.
    const [, command = "", rest = ""] = /\((.*)\) (.*)/s.exec(text) ?? [];
    const fields = rest.split(" ");
    return { command, parent: Number(fields[1]), ticks: Number(fields[11]) + Number(fields[12]) };
  } catch {
    return null;
  }
}
