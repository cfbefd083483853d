import type { ArchiveBucket } from "../../../src/storage/archive/archive-bucket";
import type { Database } from "../../../src/storage/core/databases";

/** Runs before each call, so that the world changes between the calls of one page. */
type Before = () => Promise<void>;

const CALLS = new Set<string | symbol>(["all", "first", "run", "raw", "batch"]);

/** A database before each of whose calls something else happens. */
export function interleavedDatabase({ index, binding }: Database, before: Before): Database {
  return { index, binding: interleaved(binding, before) };
}

/** A bucket before each of whose calls something else happens. */
export function interleavedBucket(bucket: ArchiveBucket, before: Before): ArchiveBucket {
  return new Proxy(bucket, {
    get(target, name) {
      const member: unknown = Reflect.get(target, name, target);
      if (typeof member !== "function") return member;
      return async (...values: unknown[]) => {
        await before();
        return Reflect.apply(member, target, values);
      };
    },
  });
}

/** Statements by their stand-ins: a batch takes them as they are. */
const originals = new WeakMap<object, object>();

function interleaved<Target extends object>(target: Target, before: Before): Target {
  const standIn = new Proxy(target, {
    get(_, name) {
      const member: unknown = Reflect.get(target, name, target);
      if (typeof member !== "function") return member;
      if (!CALLS.has(name)) {
        return (...values: unknown[]) => {
          const made: unknown = Reflect.apply(member, target, values);
          // Statements and sessions make calls of their own.
          return typeof made === "object" && made !== null ? interleaved(made, before) : made;
        };
      }
      return async (...values: unknown[]) => {
        await before();
        const real = values.map((value) =>
          Array.isArray(value) ? value.map((one: object) => originals.get(one) ?? one) : value,
        );
        return Reflect.apply(member, target, real);
      };
    },
  });
  originals.set(standIn, target);
  return standIn;
}
