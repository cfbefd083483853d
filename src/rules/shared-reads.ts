/**
 * How long to wait for a read that another invocation began. The platform cancels the I/O of a request whose client has
 * disconnected, and promises that depend on it then never resolve.
 */
export const SHARED_READ_PATIENCE_MS = 2_000;

/** Lets concurrent invocations share one read for each key. */
export interface SharedReads<Key, Value> {
  /** The result of a pending read, or of a new one. */
  get(key: Key, read: () => Promise<Value>): Promise<Value>;
}

export function createSharedReads<Key, Value>(): SharedReads<Key, Value> {
  const underWay = new Map<Key, Promise<Value>>();
  return {
    async get(key, read) {
      const other = underWay.get(key);
      if (other !== undefined) {
        const resolved = await withinDeadline(other, SHARED_READ_PATIENCE_MS);
        if (resolved !== null) return resolved.value;
      }
      const own = read();
      underWay.set(key, own);
      try {
        return await own;
      } finally {
        if (underWay.get(key) === own) underWay.delete(key);
      }
    },
  };
}

/** @throws what the promise throws */
async function withinDeadline<Value>(promise: Promise<Value>, ms: number): Promise<{ value: Value } | null> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const patience = new Promise<null>((resolve) => {
    timer = setTimeout(() => resolve(null), ms);
  });
  try {
    return await Promise.race([promise.then((value) => ({ value })), patience]);
  } finally {
    clearTimeout(timer);
  }
}
