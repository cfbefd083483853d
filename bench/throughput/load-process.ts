import { fork } from "node:child_process";
import { join } from "node:path";
import type { LoadOrder, LoadReport } from "./load.ts";

export interface LoadProcess {
  run(order: LoadOrder): Promise<LoadReport>;
  stop(): void;
}

/** Starts the process that generates the load. It serves a whole run, so its code is warm after the first round. */
export function startLoadProcess(): LoadProcess {
  const child = fork(join(import.meta.dirname, "load.ts"));
  return {
    run(order) {
      return new Promise((resolve, reject) => {
        const onExit = () => reject(new Error("the load process exited early"));
        child.once("exit", onExit);
        child.once("message", (report: LoadReport) => {
          child.off("exit", onExit);
          resolve(report);
        });
        child.send(order);
      });
    },
    stop: () => child.kill(),
  };
}
