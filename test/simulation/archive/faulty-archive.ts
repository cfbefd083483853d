import type { ArchiveBucket } from "../../../src/storage/archive/archive-bucket";
import { type Conditions, operate } from "../world/faulty-databases";

/** By which the weather knows it: the third of those that may be overloaded. */
const INDEX = 2;

/** A bucket whose calls fail as the weather of the calling invocation says. It never fills up. */
export function faultyArchive(bucket: R2Bucket, { inFlight }: Conditions): ArchiveBucket {
  const call = <Result>(run: () => Promise<Result>) =>
    operate({ index: INDEX, isWrite: false, makesTables: false }, { full: new Set(), inFlight }, run);
  return new Proxy(bucket, {
    get(target, name) {
      const member: unknown = Reflect.get(target, name, target);
      if (typeof member !== "function") return member;
      return (...values: unknown[]) => call(async () => Reflect.apply(member, target, values));
    },
  });
}
