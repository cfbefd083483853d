/**
 * Runs the given command, and ends it with all of its processes when `npm start` has exited, even if that was killed and
 * could not end its children. `npm start` runs this as the leader of a process group, with a channel between them that
 * closes when either exits.
 */
import { spawn } from "node:child_process";

const [program = "", ...args] = process.argv.slice(2);

const child = spawn(program, args, { stdio: ["ignore", "inherit", "inherit"] });
child.once("exit", (code) => process.exit(code ?? 1));
child.once("error", (error) => {
  console.error(error.message);
  process.exit(1);
});

// The whole group gets the signal. This process exits after the command has.
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, () => undefined);

process.once("disconnect", () => {
  try {
    if (process.platform === "win32") child.kill("SIGKILL");
    else process.kill(-process.pid, "SIGKILL");
  } finally {
    process.exit(1);
  }
});
