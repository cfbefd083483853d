import { QUEUE_UNIT_BYTES } from "../prices.ts";
import type { RowKind, Tally } from "./tally.ts";

/** A message that the queue accepted, as the consumer will get it. */
export interface TakenMessage {
  body: unknown;
}

/**
 * The Worker's bindings with a counter in front of each. The real bindings do the work, except for the queue: it passes each
 * message to `take`, because the meter delivers by its own clock.
 */
export function meteredBindings(
  real: Env,
  tally: Tally,
  { take, wake }: { take: (message: TakenMessage) => void; wake: () => void },
): Env {
  return {
    ...real,
    ARCHIVE: meteredBucket(real.ARCHIVE, tally),
    COMPACTION: meteredQueue(real.COMPACTION, tally, wake),
    KEYS: meteredKeys(real.KEYS, tally),
    EVENTS: meteredQueue(real.EVENTS, tally, take),
    SESSIONS: meteredSessions(real.SESSIONS, tally),
    DB: meteredDatabase(real.DB, tally),
  };
}

/** A proxy with the given members, which throws for any other member, because it cannot be counted. */
function standIn<Binding extends object>(real: Binding, members: Partial<Record<keyof Binding, unknown>>): Binding {
  return new Proxy(real, {
    get(_target, name) {
      if (Object.hasOwn(members, name)) return Reflect.get(members, name);
      throw new Error(`the meter does not count ${String(name)}`);
    },
  });
}

function meteredKeys(real: KVNamespace, tally: Tally): KVNamespace {
  return standIn(real, {
    get: (name: string, options: KVNamespaceGetOptions<"json">) => {
      tally.kvReads += 1;
      return real.get(name, options);
    },
    put: (name: string, value: string) => {
      tally.kvWrites += 1;
      return real.put(name, value);
    },
  });
}

function meteredQueue(real: Queue, tally: Tally, take: (message: TakenMessage) => void): Queue {
  const takeOne = (body: unknown) => {
    // Messages of The Eye are text, which is passed on unchanged.
    const text = typeof body === "string" ? body : JSON.stringify(body);
    tally.messages += 1;
    tally.messageUnits += Math.ceil(new TextEncoder().encode(text).length / QUEUE_UNIT_BYTES);
    take({ body: typeof body === "string" ? body : JSON.parse(text) });
  };
  return standIn(real, {
    send: async (body: unknown) => takeOne(body),
    sendBatch: async (messages: Iterable<MessageSendRequest>) => {
      for (const { body } of messages) takeOne(body);
    },
  });
}

function meteredBucket(real: R2Bucket, tally: Tally): R2Bucket {
  return standIn(real, {
    put: (...values: Parameters<R2Bucket["put"]>) => {
      tally.bucketWrites += 1;
      return real.put(...values);
    },
    get: (name: string, options: R2GetOptions) => {
      tally.bucketReads += 1;
      return real.get(name, options);
    },
    delete: (keys: string | string[]) => real.delete(keys),
  });
}

function meteredSessions(real: Env["SESSIONS"], tally: Tally): Env["SESSIONS"] {
  return standIn(real, {
    getByName: (name: string) => {
      const stub = real.getByName(name);
      return {
        accept: (call: Parameters<typeof stub.accept>[0]) => {
          tally.objectCalls += 1;
          return stub.accept(call);
        },
      };
    },
  });
}

function meteredDatabase(real: D1Database, tally: Tally): D1Database {
  const prepared = new WeakMap<object, { statement: D1PreparedStatement; query: string }>();

  function count(query: string, { rows_read, rows_written }: D1Meta): void {
    tally.databaseStatements += 1;
    tally.databaseRowsRead += rows_read;
    if (rows_written > 0) tally.databaseRowsWritten[kindOf(query)] += rows_written;
  }

  function wrap(statement: D1PreparedStatement, query: string): D1PreparedStatement {
    const single = async () => {
      tally.databaseCalls += 1;
      const result = await statement.all<Record<string, unknown>>();
      count(query, result.meta);
      return result;
    };
    const first = async (column?: string) => {
      const [row = null] = (await single()).results;
      return row === null || column === undefined ? row : row[column];
    };
    const wrapped = standIn(statement, {
      bind: (...values: unknown[]) => wrap(statement.bind(...values), query),
      all: single,
      run: single,
      first,
      // Drizzle reads rows as lists. No column name occurs twice in its queries here.
      raw: async () => (await single()).results.map((row) => Object.values(row)),
    });
    prepared.set(wrapped, { statement, query });
    return wrapped;
  }

  const metered: D1Database = new Proxy(real, {
    // `databasesOf` checks for `prepare`.
    has: (target, name) => name in target,
    get(_target, name) {
      // There are no replicas here.
      if (name === "withSession") return () => metered;
      if (name === "prepare") return (query: string) => wrap(real.prepare(query), query);
      if (name !== "batch") throw new Error(`the meter does not count ${String(name)}`);
      return async (statements: D1PreparedStatement[]) => {
        tally.databaseCalls += 1;
        const known = statements.map((statement) => {
          const found = prepared.get(statement);
          if (found === undefined) throw new Error("a statement that the meter did not prepare");
          return found;
        });
        const results = await real.batch(known.map(({ statement }) => statement));
        for (const [index, result] of results.entries()) count(known[index]?.query ?? "", result.meta);
        return results;
      };
    },
  });
  return metered;
}

const KINDS: readonly [tables: RegExp, kind: RowKind][] = [
  [/^events_/, "events"],
  [/^activity_/, "activity"],
  [/^visits_/, "visits"],
  [/^(minutes_.*|counts|receipt_counts|series_hours)$/, "counts"],
  [/^(categories|series)$/, "series"],
  [/^(errors|error_parts|failures|report_only_failures)$/, "errors"],
  [/^(archive_\w+|pending_objects|restore_marks|compact\w+|retention_\w+|free_space(_zeros)?|erased_\w+)$/, "archive"],
  [/^(partitions|revisions|write_probe)$/, "partitions"],
];

/** @throws Error if a statement writes to a table that is not on the bill */
function kindOf(query: string): RowKind {
  // Only tables of partitions are created at run time.
  if (/^\s*(CREATE|ALTER|DROP) /.test(query)) return "partitions";
  const table = /\b(?:INSERT INTO|DELETE FROM|UPDATE) (\w+)/.exec(query)?.[1] ?? "";
  const known = KINDS.find(([tables]) => tables.test(table));
  if (known === undefined) throw new Error(`the meter does not know what this writes: ${query}`);
  return known[1];
}
