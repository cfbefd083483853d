import type { Micros } from "../time/time";
import { hash48 } from "./short-hash";

/** The identity of an event: its session, its timestamp and its id. */
export interface EventIdentity {
  session: string;
  occurredAt: Micros;
  id: string;
}

/**
 * The last column of an event's primary key: the first 48 bits of the SHA-256 of its id, as an integer that a double
 * holds exactly. It replaces the id, which is longer. Two ids of one session at one microsecond have the same tie with
 * a probability of 4·10⁻¹⁵. The second event is then stored among the errors as an `id_conflict`, so nothing is lost.
 */
export function tieOf(id: string): number {
  return hash48(id);
}
