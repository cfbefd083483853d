/** The events that a vendor's SDK sends in the tests: of two sessions in turn, with a mark to find them. */
export interface Sdk {
  name: string;
  /** Sends events and waits until the SDK is done. Rejects, or passes to `complain`, the errors that the SDK reports. */
  send(url: string, key: string, mark: string, complain: (error: unknown) => void): Promise<void>;
  /** Names of the events of one session, in order. */
  names: string[];
  /** Names of the events of one visitor that belong to another session, such as a group's. */
  beside?: string[];
  /** Whether the SDK retries by itself after 503 and 429. */
  retries: boolean;
}

export const SESSIONS = ["one", "two"];

/** The timestamp of the event with a number; timestamps have the order of the numbers. */
export const at = (number: number) => new Date(Date.now() - 60_000 + number * 10);
