/** What a vendor's SDK is made to send: events of two sessions in turn, marked so that they are found again. */
export interface Sdk {
  name: string;
  /** Sends and waits until the SDK is done. Rejects or reports to `complain` what the SDK tells its user. */
  send(url: string, key: string, mark: string, complain: (error: unknown) => void): Promise<void>;
  /** Names of the events of one session, in order. */
  names: string[];
  /** Names of the events of one visitor that belong to another session, such as a group's. */
  beside?: string[];
  /** Whether the SDK tries again by itself after 503 and 429. */
  retries: boolean;
}

export const SESSIONS = ["one", "two"];

/** A moment for the event of a number, so that the order is that of the numbers. */
export const at = (number: number) => new Date(Date.now() - 60_000 + number * 10);
