/** An event that the service has not answered yet. */
export interface Waiting {
  /** Its JSON. */
  text: string;
  /** Whether it is in the browser's storage. */
  isSaved?: boolean;
  /** Whether it is in a request that outlives the page. */
  isLeaving?: boolean;
}

/** An event with its key in the queue, `id.bytes`. Keys sort by time. */
export type Entry = readonly [key: string, event: Waiting];

/** Adds and removes entries in one transaction, and returns the `count` oldest. Rejects if storage is denied or full. */
export type Database = (added: readonly Entry[], removed: readonly Entry[], count?: number) => Promise<Entry[]>;

const STORE = "q";

/** The part of the queue that outlives the page, in IndexedDB, shared by all tabs of an origin. */
export function openDatabase(name: string): Database {
  let opening: Promise<IDBDatabase> | undefined;
  return async (added, removed, count) => {
    opening ??= new Promise((resolve, reject) => {
      const request = indexedDB.open(name);
      request.onupgradeneeded = () => request.result.createObjectStore(STORE);
      request.onsuccess = () => resolve(request.result);
      request.onerror = reject;
    });
    const transaction = (await opening).transaction(STORE, "readwrite");
    const store = transaction.objectStore(STORE);
    for (const [key, { text }] of added) store.put({ text }, key);
    for (const [key] of removed) store.delete(key);
    const keys = store.getAllKeys(null, count);
    const texts = store.getAll(null, count);
    await new Promise((resolve, reject) => {
      transaction.oncomplete = resolve;
      transaction.onabort = reject;
    });
    return keys.result.map((key, index) => [`${key}`, texts.result[index]]);
  };
}
