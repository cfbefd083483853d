import type { SessionMemory } from "./session-memory";

/** The memories of the sessions seen last, held ready: what is let go is read from the log again when it is needed. */
export class HeldMemories {
  /** The one that was needed last at the end. */
  private readonly held = new Map<string, { memory: SessionMemory; size: number }>();
  private size = 0;

  /** @param most entries of sessions together, a session itself counted as one */
  constructor(private readonly most: number) {}

  get(session: string): SessionMemory | null {
    const found = this.held.get(session);
    if (found === undefined) return null;
    this.held.delete(session);
    this.held.set(session, found);
    return found.memory;
  }

  /** Holds a memory, or takes note that it has grown. */
  hold(session: string, memory: SessionMemory): void {
    this.release(session);
    const size = memory.size + 1;
    this.held.set(session, { memory, size });
    this.size += size;
  }

  release(session: string): void {
    this.size -= this.held.get(session)?.size ?? 0;
    this.held.delete(session);
  }

  /** Lets go of what was not needed for longest, until no more is held than may be. */
  trim(): void {
    for (const session of this.held.keys()) {
      if (this.size <= this.most) return;
      this.release(session);
    }
  }

  clear(): void {
    this.held.clear();
    this.size = 0;
  }
}
