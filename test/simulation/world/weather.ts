import { AsyncLocalStorage } from "node:async_hooks";
import type { Random } from "./random";

/** The faults of one invocation. */
export type Fault =
  | "none"
  /** It ends before or after some call of a database. */
  | "crash"
  /** It ends while it creates the tables of a partition. */
  | "crash_making_tables"
  /** It ends when everything except the acknowledgement is done. */
  | "crash_before_acknowledgement"
  /** Answers of databases are lost; it is not known whether the call took effect. */
  | "lost_answer"
  /** One database refuses every call. */
  | "overloaded"
  /** The object does its work, but its answer is lost. */
  | "lost_call"
  | "rules_unread";

export const FAULTS: readonly [Fault, ...Fault[]] = [
  ...(["none", "none", "none", "none"] as const),
  ...([
    "crash",
    "crash",
    "crash_making_tables",
    "crash_before_acknowledgement",
    "lost_answer",
    "overloaded",
    "lost_call",
    "rules_unread",
  ] as const),
];

/** The fault of one invocation, applied to its calls. */
export interface Weather {
  fault: Fault;
  random: Random;
  /** The database that is overloaded. */
  stricken: number;
  /** Calls before the fault occurs, and how often it occurs. */
  countdown: number;
  strikes: number;
  isOver: boolean;
  crash: () => void;
}

const invocations = new AsyncLocalStorage<Weather>();

export function currentWeather(): Weather | undefined {
  return invocations.getStore();
}

/** A promise that never resolves, for an invocation that was ended. */
export function never(): Promise<never> {
  return new Promise(() => {});
}

/** Runs an invocation until it finishes or is ended. Throws what it throws. */
export async function invoke(
  fault: Fault,
  random: Random,
  invocation: () => Promise<void>,
): Promise<"done" | "crashed"> {
  let crash: () => void = () => {};
  const crashed = new Promise<"crashed">((resolve) => {
    crash = () => resolve("crashed");
  });
  const weather: Weather = {
    ...{ fault, random, isOver: false },
    stricken: random.below(3),
    countdown: fault === "crash_making_tables" ? random.below(2) : random.below(random.chance(0.7) ? 5 : 14),
    strikes: fault.startsWith("crash") ? 1 : 1 + random.below(4),
    crash: () => {
      weather.isOver = true;
      crash();
    },
  };
  return Promise.race([invocations.run(weather, invocation).then(() => "done" as const), crashed]);
}
