import type { Micros } from "../time/time";
import { hash48 } from "./short-hash";

/** What identifies an event: its session, when it occurred, and its id. */
export interface EventIdentity {
  session: string;
  occurredAt: Micros;
  id: string;
}

/**
 * The last column of an event's primary key: the first 48 bits of the SHA-256 of its id, as an integer that a double holds
 * exactly. It stands in the key in place of the id, which is longer. Two ids of one session at one microsecond share a tie with
 * a probability of 4·10⁻¹⁵; the second event then ends among the errors as an `id_conflict`, and nothing is lost.
 */
export function tieOf(id: string): number {
  return hash48(id);
}
