import type { Database } from "../../../src/storage/core/databases";
import { currentWeather, never } from "./weather";

/** The conditions of the databases, for all callers. */
export interface Conditions {
  /** These refuse every write. */
  full: Set<number>;
  /** These report that they are nearly full. */
  nearlyFull: Set<number>;
  /** Calls that may outlive their invocation. */
  inFlight: Promise<unknown>[];
  /** Divides the statements of a transaction, by their SQL, into several transactions. Only to break a guarantee on purpose. */
  divide: ((sql: string) => boolean) | null;
  /** Changes statements. Only to break a guarantee on purpose. */
  rewrite: (sql: string) => string;
}

const NEARLY_FULL_BYTES = 8_500_000_000;

/** A database whose calls fail according to the conditions and the weather of the calling invocation. */
export function faultyDatabase({ index, binding }: Database, conditions: Conditions): Database {
  const wrapped = new WeakMap<object, { statement: D1PreparedStatement; sql: string }>();
  const call = <Result>(sql: string[], run: () => Promise<Result>) =>
    operate(
      {
        index,
        isWrite: !sql.every((one) => /^\s*SELECT/i.test(one)),
        makesTables: sql.some((one) => one.startsWith("CREATE TABLE")),
      },
      conditions,
      run,
    );

  const wrap = (statement: D1PreparedStatement, sql: string): D1PreparedStatement => {
    const proxy = new Proxy(statement, {
      get(target, name) {
        if (name === "bind") return (...values: unknown[]) => wrap(target.bind(...values), sql);
        if (name === "run") return () => call([sql], async () => sized(await target.run(), index, conditions));
        const member: unknown = Reflect.get(target, name, target);
        if (typeof member !== "function") return member;
        return (...values: unknown[]) => call([sql], async () => Reflect.apply(member, target, values));
      },
    });
    wrapped.set(proxy, { statement, sql });
    return proxy;
  };

  async function batch(statements: D1PreparedStatement[]): Promise<D1Result[]> {
    const own = statements.flatMap((one) => wrapped.get(one) ?? []);
    const isFirst = conditions.divide;
    const transactions =
      isFirst === null ? [own] : [own.filter(({ sql }) => isFirst(sql)), own.filter(({ sql }) => !isFirst(sql))];
    const results: D1Result[] = [];
    for (const some of transactions.filter(({ length }) => length > 0)) {
      const run = () => binding.batch(some.map(({ statement }) => statement));
      results.push(
        ...(await call(
          some.map(({ sql }) => sql),
          run,
        )),
      );
    }
    return results;
  }

  return {
    index,
    binding: new Proxy(binding, {
      get(target, name) {
        if (name === "prepare")
          return (sql: string) => wrap(target.prepare(conditions.rewrite(withAnySlots(sql))), sql);
        if (name === "batch") return batch;
        const member: unknown = Reflect.get(target, name, target);
        return typeof member === "function" ? member.bind(target) : member;
      },
    }),
  };
}

/** In seconds. By the traffic of the simulation, partitions would only have slots of 4 and 60 seconds. */
const SLOTS = [60, 20, 4, 2, 1];

const PLANNED_SLOTS = "?4, ?5, 'open'";

/** Gives each new partition the slots of one of these widths, in turn by its start. */
function withAnySlots(sql: string): string {
  if (!sql.includes("INSERT INTO partitions")) return sql;
  if (!sql.includes(PLANNED_SLOTS)) throw new Error("the width of slots is no longer where this expects it");
  const widths = SLOTS.map((seconds, place) => `WHEN ${place} THEN ${seconds * 1_000_000}`).join(" ");
  return sql.replace(PLANNED_SLOTS, `?4, CASE ?2 / 900000000 % ${SLOTS.length} ${widths} END, 'open'`);
}

/** Makes a call, or lets it fail as the conditions and the weather of the calling invocation say. */
export async function operate<Result>(
  { index, isWrite, makesTables }: { index: number; isWrite: boolean; makesTables: boolean },
  { full, inFlight }: Pick<Conditions, "full" | "inFlight">,
  run: () => Promise<Result>,
): Promise<Result> {
  const weather = currentWeather();
  const carryOut = () => {
    const running = run();
    inFlight.push(running);
    return running;
  };
  if (weather?.isOver) return never();
  if (isWrite && full.has(index)) throw new Error("D1_ERROR: Exceeded maximum DB size");
  if (weather === undefined) return carryOut();
  const { fault, random, stricken } = weather;
  if (fault === "overloaded" && index === stricken) {
    throw new Error("D1_ERROR: D1 DB is overloaded. Requests queued for too long.");
  }
  const isMeant = fault === "crash" || fault === "lost_answer" || (fault === "crash_making_tables" && makesTables);
  const strikes = isMeant && weather.countdown-- <= 0 && weather.strikes-- > 0;
  if (!strikes) {
    const result = await carryOut();
    return weather.isOver ? never() : result;
  }
  if (random.chance(0.5)) await Promise.allSettled([carryOut()]);
  if (fault === "lost_answer") throw new Error("D1_ERROR: Network connection lost.");
  weather.crash();
  return never();
}

function sized(result: D1Result, index: number, { nearlyFull }: Conditions): D1Result {
  return nearlyFull.has(index) ? { ...result, meta: { ...result.meta, size_after: NEARLY_FULL_BYTES } } : result;
}
