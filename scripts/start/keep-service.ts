/**
 * Runs the command that follows, and ends it with all of its processes when `npm start` is gone, however it went: a process that is
 * killed cannot look after its children. `npm start` runs this as the leader of a process group, with a channel between them that
 * closes when either ends.
 */
import { spawn } from "node:child_process";

const [program = "", ...args] = process.argv.slice(2);

const child = spawn(program, args, { stdio: ["ignore", "inherit", "inherit"] });
child.once("exit", (code) => process.exit(code ?? 1));
child.once("error", (error) => {
  console.error(error.message);
  process.exit(1);
});

// The whole group is asked to end; this process ends after the command has.
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, () => undefined);

process.once("disconnect", () => {
  try {
    if (process.platform === "win32") child.kill("SIGKILL");
    else process.kill(-process.pid, "SIGKILL");
  } finally {
    process.exit(1);
  }
});
