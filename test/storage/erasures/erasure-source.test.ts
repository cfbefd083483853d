import { env } from "cloudflare:workers";
import { beforeEach, describe, expect, it } from "vitest";
import { databasesOf, firstDatabase } from "../../../src/storage/core/databases";
import { insertErasure, saltOf } from "../../../src/storage/erasures/erasure-records";
import {
  type Belonging,
  createErasureSource,
  isolateErasures,
  MAX_ERASURES_AGE_MS,
} from "../../../src/storage/erasures/erasure-source";
import { type Subject, subjectHash } from "../../../src/storage/erasures/subject";
import { emptyDatabases } from "../empty-databases";
import { failingDatabase } from "../failing-database";

const databases = databasesOf(env);
const first = firstDatabase(databases);

beforeEach(() => emptyDatabases(databases));

async function erase(subject: Subject, before: number): Promise<void> {
  const salt = await saltOf(first, "salt");
  const erasure = { id: crypto.randomUUID(), before, requestedBy: null, thorough: 0 as const };
  await insertErasure(first, erasure, subject, subjectHash(salt, subject));
}

const belonging = (changes: Partial<Belonging>): Belonging => ({
  ...{ session: null, visitor: null, error: null, receivedAt: 5 },
  ...changes,
});

describe("a check", () => {
  it.each<[string, Subject, Partial<Belonging>, boolean]>([
    ["its session", { kind: "session", id: "a" }, { session: "a" }, true],
    ["another session", { kind: "session", id: "a" }, { session: "b" }, false],
    ["its visitor", { kind: "visitor", id: "a" }, { session: "s", visitor: "a" }, true],
    ["its id as an error", { kind: "error", id: "a" }, { error: "a" }, true],
    ["a visitor with the id of its session", { kind: "visitor", id: "a" }, { session: "a" }, false],
    [
      "its session, but it was received at the erasure",
      { kind: "session", id: "a" },
      { session: "a", receivedAt: 10 },
      false,
    ],
  ])("finds an event erased by %s", async (_, subject, changes, isErased) => {
    await erase(subject, 10);
    const one = belonging(changes);
    const check = await createErasureSource(first).check([one]);
    expect([check.isErased(one), check.revision]).toEqual([isErased, 1]);
  });

  it("goes by the latest erasure of a subject, whatever other subjects have", async () => {
    await erase({ kind: "session", id: "a" }, 3);
    await erase({ kind: "session", id: "b" }, 10);
    const [a, b] = [belonging({ session: "a" }), belonging({ session: "b" })];
    const check = await createErasureSource(first).check([a, b]);
    expect([check.isErased(a), check.isErased(b)]).toEqual([false, true]);
  });
});

describe("the source", () => {
  it("sees a new erasure after its cache has expired or was cleared", async () => {
    let now = 0;
    const source = createErasureSource(first, () => now);
    const one = belonging({ session: "a" });
    expect((await source.check([one])).isErased(one)).toBe(false);
    await erase({ kind: "session", id: "a" }, 10);
    now = MAX_ERASURES_AGE_MS - 1;
    expect((await source.check([one])).revision).toBe(0);
    now = MAX_ERASURES_AGE_MS;
    expect((await source.check([one])).isErased(one)).toBe(true);
    await erase({ kind: "session", id: "b" }, 10);
    source.forget();
    expect((await source.check([])).revision).toBe(2);
  });

  it("throws if the database cannot be read", async () => {
    await expect(createErasureSource(failingDatabase(first, "D1 is down")).check([])).rejects.toThrow("D1 is down");
  });

  it("is one for an isolate and its database", () => {
    expect(isolateErasures(first)).toBe(isolateErasures(first));
  });
});
