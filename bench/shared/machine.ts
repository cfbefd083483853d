import { createRequire } from "node:module";
import { cpus, totalmem } from "node:os";

/** The machine of a measurement. Counts do not depend on it; times do. */
export interface Machine {
  node: string;
  workerd: string;
  miniflare: string;
  cpu: string;
  cores: number;
  memoryGb: number;
}

export function thisMachine(): Machine {
  const require = createRequire(import.meta.url);
  const version = (name: string): string => String(require(`${name}/package.json`).version);
  return {
    node: process.version,
    workerd: version("workerd"),
    miniflare: version("miniflare"),
    cpu: cpus()[0]?.model ?? "unknown",
    cores: cpus().length,
    memoryGb: Math.round(totalmem() / 2 ** 30),
  };
}

export function describeMachine({ node, workerd, cpu, cores, memoryGb }: Machine): string {
  return `${cores} cores of ${cpu}, ${memoryGb} GB, Node ${node}, workerd ${workerd}`;
}
