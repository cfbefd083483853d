import { existsSync, readFileSync } from "node:fs";
import { processTable } from "../../../scripts/start/process-table.ts";

/** The command of a Node process that starts a second one, writes both process ids to a file, and runs until it is ended, at most for 20 s. */
export function family(file: string, more = ""): string[] {
  const child = `process.on("SIGTERM", () => undefined); setTimeout(() => undefined, 20_000);`;
  const script = `
    const { spawn } = require("node:child_process");
    const child = spawn(process.execPath, ["-e", ${JSON.stringify(child)}], { stdio: "ignore" });
    require("node:fs").writeFileSync(${JSON.stringify(file)}, JSON.stringify([process.pid, child.pid]));
    ${more}
    setTimeout(() => undefined, 20_000);`;
  return [process.execPath, "-e", script];
}

/** The process ids that `family` writes, once it has. */
export async function familyIn(file: string): Promise<number[]> {
  await until(() => existsSync(file) && readFileSync(file, "utf8").endsWith("]"));
  return JSON.parse(readFileSync(file, "utf8"));
}

/** A process that has ended may stay in the table until its parent asks for its exit code. */
export function isRunning(wanted: number): boolean {
  return processTable().some(({ pid, command }) => pid === wanted && !command.includes("<defunct>"));
}

/** @throws Error after five seconds */
export async function until(isTrue: () => boolean): Promise<void> {
  for (const end = Date.now() + 5_000; !isTrue(); ) {
    if (Date.now() > end) throw new Error("It is still not so after five seconds.");
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
