import { DurableObject } from "cloudflare:workers";
import { type Config, parseConfig } from "../model/config";
import { SESSION_OBJECT_RETENTION_MS, SESSION_QUIET_MS } from "../model/limits";
import { rulesOf } from "../rules/rules";
import type { StoredEvent } from "../storage/session-history";
import { storedFingerprint } from "./fingerprint";
import { decide, readArrivals, type StoredEntry } from "./session-decision";
import { SessionMemory } from "./session-memory";
import type { AcceptAnswer, AcceptCall, Outcome, Remembered } from "./session-protocol";

/** Of about 50 bytes each. */
const MAX_NOTED_DUPLICATES = 1_000;

/**
 * The one place where the events of a session meet, whatever application sent them: it decides which are new, which are
 * valid, and in which order they were accepted. Its name is the session's id. What it answers is in its storage first
 * (the platform holds the answer back until then), so a redelivered batch gets the same answer.
 */
export class Session extends DurableObject<Env> {
  private readonly config = configOf(this.env);
  private memory: SessionMemory | null = SessionMemory.load(this.ctx.storage);

  /** Events that were sent more than once since the object woke. Kept in memory alone: a row for each would be billed. */
  private readonly sentAgain = new Set<string>();

  /** Takes the session's share of a consumer batch. Never throws for what an application may send. */
  async accept(call: AcceptCall): Promise<AcceptAnswer> {
    const memory = this.memory ?? this.begin(call);
    if (memory === null) return { kind: "undecided" };

    // From here to the write nothing is awaited, so no other call can come between what is known and what is decided.
    const candidates = readArrivals(call.session, call.arrivals);
    const known = memory.recall(
      candidates.map(({ arrival }) => arrival.id),
      () => candidates.map((candidate) => candidate.errorId),
    );
    if (memory.forgetful) {
      if (call.history === undefined) return { kind: "history_needed", database: memory.database };
      for (const event of call.history.events) {
        if (!known.stored.has(event.id)) known.stored.set(event.id, entryOf(event));
      }
      known.lastSequence = Math.max(known.lastSequence, call.history.lastSequence);
      const { isActiveIn } = known;
      const openSlots = new Set(call.history.openSlots);
      known.isActiveIn = (slot) => isActiveIn(slot) || openSlots.has(slot);
    }

    const { outcomes, stored, failed } = decide(candidates, known, {
      futureToleranceMicros: this.config.futureToleranceMicros,
      rules: rulesOf(call.rules),
    });
    if (stored.length > 0 || failed.length > 0) {
      memory.remember(stored, failed, Date.now());
      this.memory = memory;
    }
    this.noteSentAgain(call, outcomes);
    const { database, enlisting } = memory;
    return { kind: "decided", database, outcomes, enlisting };
  }

  /** What the object remembers of a stored event, for its receipt. Null: nothing, and D1 alone can tell. */
  recallOne(id: string): Remembered | null {
    const entry = this.memory?.recall([id], () => []).stored.get(id);
    if (entry === undefined) return null;
    const { sequence, occurredAt, receivedAt, application } = entry;
    return { sequence, occurredAt, receivedAt, application, isDuplicate: this.sentAgain.has(id) };
  }

  /** The platform's redelivery keeps the receipt; what an application sends again has another. */
  private noteSentAgain({ arrivals }: AcceptCall, outcomes: Outcome[]): void {
    for (const [place, outcome] of outcomes.entries()) {
      const arrival = arrivals[place];
      if (outcome.kind !== "stored" || arrival === undefined || arrival.receivedAt === outcome.receivedAt) continue;
      if (this.sentAgain.size < MAX_NOTED_DUPLICATES) this.sentAgain.add(arrival.id);
    }
  }

  /**
   * Cleans up a session that has been quiet for longer than any message can live: an abandoned object costs for ever.
   *
   * @returns when to look again, in milliseconds since 1970; null: nothing is left
   */
  async cleanUp(): Promise<number | null> {
    const quietSince = this.memory?.changedAt ?? 0;
    if (Date.now() < quietSince + SESSION_QUIET_MS) return quietSince + SESSION_OBJECT_RETENTION_MS;
    this.memory = null;
    await this.ctx.storage.deleteAll();
    return null;
  }

  /** Objects set an alarm when they began before their clean-up was a list in D1. */
  override async alarm(): Promise<void> {
    const next = await this.cleanUp();
    if (next !== null) await this.ctx.storage.setAlarm(next);
  }

  private begin({ presence, home }: AcceptCall): SessionMemory | null {
    if (presence.kind === "unknown") return null;
    const database = presence.kind === "present" ? presence.database : home;
    return SessionMemory.begin(this.ctx.storage, database, presence.kind === "present");
  }
}

/** The settings of the isolate: every object in it has the same, and there are thousands. */
const configs = new WeakMap<object, Config>();

function configOf(env: Env): Config {
  const known = configs.get(env) ?? parseConfig(env);
  configs.set(env, known);
  return known;
}

/** A stored event that D1 remembered for the object. */
function entryOf(event: StoredEvent): StoredEntry {
  const { id, sequence, occurredAt, receivedAt, application, opens } = event;
  return { id, sequence, occurredAt, receivedAt, application, opens, fingerprint: storedFingerprint(event) };
}
