import { execFileSync } from "node:child_process";

export interface RunningProcess {
  pid: number;
  group: number;
  command: string;
}

/** All processes of this machine; empty on Windows, which has no process groups. */
export function processTable(): RunningProcess[] {
  if (process.platform === "win32") return [];
  return execFileSync("ps", ["-A", "-o", "pid=,pgid=,args="], { encoding: "utf8", maxBuffer: 16_000_000 })
    .split("\n")
    .flatMap((line) => {
      const [, pid, group, command] = /^\s*(\d+)\s+(\d+)\s+(.*)$/.exec(line) ?? [];
      return command === undefined ? [] : [{ pid: Number(pid), group: Number(group), command }];
    });
}

export function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // The process exists and belongs to another user.
    return error instanceof Error && "code" in error && error.code === "EPERM";
  }
}
