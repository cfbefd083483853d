import { ConfigError } from "../model/config";
import { logFailure } from "./log";
import { Refusal } from "./problem";

/** Logs what a request threw, and makes a refusal of it. Only a mistake in the settings is described to the client. */
export function refuseUnexpected(error: unknown): Refusal {
  logFailure("request_failed", error);
  return error instanceof ConfigError
    ? new Refusal("misconfigured", error.message)
    : new Refusal("unavailable", "An unexpected error occurred. It has been logged.");
}
