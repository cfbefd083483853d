import { beginErasure } from "../../../src/compaction/erasure/begin-erasure";
import type { ErasureIo } from "../../../src/compaction/erasure/erasure-io";
import { runErasureStep } from "../../../src/compaction/erasure/erasure-step";
import type { ErasureMessage } from "../../../src/model/erasure";
import type { Micros } from "../../../src/model/time/time";
import type { ArchiveBucket } from "../../../src/storage/archive/archive-bucket";
import { firstDatabase } from "../../../src/storage/core/databases";
import { stalledErasures } from "../../../src/storage/erasures/erasure-records";
import { type Subject, subjectHash } from "../../../src/storage/erasures/subject";
import type { RunningErasure, Tombstone, TombstoneVault } from "../../../src/storage/erasures/tombstone-vault";
import { seeded } from "../world/random";
import type { Traffic } from "../world/traffic";
import { type Fault, invoke } from "../world/weather";
import type { World } from "../world/world";

export interface Erasures {
  /** Messages that are not acknowledged yet. */
  pending(): number;
  /** Requests the erasure of a session or a visitor; the request may fail halfway. */
  begin(fault: Fault): Promise<void>;
  /** Delivers one of the messages. It is delivered again unless it is acknowledged, and may be delivered twice at once. */
  deliver(fault: Fault): Promise<void>;
  /** Sends stalled steps again, like the cron. @param waitsForCopies also those of thorough erasures that wait for copies */
  resume(waitsForCopies?: boolean): Promise<void>;
}

/** Small, so that an erasure has many steps. */
const TRANSACTIONS_PER_STEP = 2;

/** @param archive null: the deployment has none */
export function startErasures(world: World, traffic: Traffic, archive: ArchiveBucket | null = null): Erasures {
  const { random, originals } = world;
  const first = firstDatabase(originals);
  const pending: ErasureMessage[] = [];
  const io: ErasureIo = {
    databases: world.faulty,
    archive,
    vault: memoryVault(),
    sendErasure: async (message) => void pending.push(message),
    transactionsPerStep: TRANSACTIONS_PER_STEP,
    futureToleranceMicros: 0,
    now: () => world.now,
    log: () => {},
  };
  const subjects = subjectsOf(traffic);
  let asked = 0;

  return {
    pending: () => pending.length,
    async begin(fault) {
      const subject = random.pick<Subject>([{ kind: "session", id: traffic.sessions[0] ?? "" }, ...subjects]);
      const id = `erasure-${asked++}`;
      const own = seeded(random.below(2 ** 31));
      await invoke(fault, own, async () => {
        const isThorough = archive !== null && asked % 2 === 0;
        await beginErasure(io, subject, { id, now: world.now, requestedBy: null, isThorough });
        pending.push({ v: 1, erasure: id, step: 0 });
      }).catch(() => undefined);
    },
    async deliver(fault) {
      const own = seeded(random.below(2 ** 31));
      const message = pending[own.below(Math.max(1, pending.length))];
      if (message === undefined) return;
      let isDone = false;
      const end = await invoke(fault, own, async () => {
        await runErasureStep(message, io);
        isDone = true;
      }).catch(() => "failed" as const);
      if (end !== "done" || !isDone || fault === "crash_before_acknowledgement") return;
      const place = pending.indexOf(message);
      if (place !== -1) pending.splice(place, 1);
    },
    async resume(waitsForCopies = false) {
      for (const { id, step } of await stalledErasures(first, {
        since: Number.MAX_SAFE_INTEGER,
        copiesSince: waitsForCopies ? Number.MAX_SAFE_INTEGER : 0,
      })) {
        if (!pending.some(({ erasure }) => erasure === id)) pending.push({ v: 1, erasure: id, step });
      }
    },
  };
}

function subjectsOf({ sessions, submissions }: Traffic): Subject[] {
  const visitors = submissions.flatMap(({ event }) => (typeof event.visitor_id === "string" ? [event.visitor_id] : []));
  return [
    ...sessions.map((id): Subject => ({ kind: "session", id })),
    ...[...new Set(visitors)].map((id): Subject => ({ kind: "visitor", id })),
  ];
}

function memoryVault(): TombstoneVault {
  const held = new Map<string, Tombstone>();
  const running = new Map<string, RunningErasure>();
  let mark: string | null = null;
  return {
    put: async (tombstone, part) => void held.set(`${tombstone.erasure} ${part}`, tombstone),
    page: async () => ({ tombstones: [...held.values()], next: null }),
    putSubject: async (erasure, subject) => void running.set(erasure, subject),
    subject: async (erasure) => running.get(erasure) ?? null,
    removeSubject: async (erasure) => void running.delete(erasure),
    head: async () => mark,
    putHead: async (next) => {
      mark = next;
    },
  };
}

/** The time of receipt up to which a session or visitor is erased, by the tombstones in the first database; 0: not erased. */
export async function erasedBefore(world: World): Promise<(subject: Subject) => Micros> {
  const { binding } = firstDatabase(world.originals);
  const salts = (await binding.prepare("SELECT salt FROM erasure_salts").all<{ salt: string }>()).results;
  const rows = (
    await binding.prepare("SELECT hash, before_at FROM tombstones").all<{ hash: string; before_at: number }>()
  ).results;
  const tombstones = new Map(rows.map(({ hash, before_at: before }) => [hash, before]));
  return (subject) => Math.max(0, ...salts.map(({ salt }) => tombstones.get(subjectHash(salt, subject)) ?? 0));
}
