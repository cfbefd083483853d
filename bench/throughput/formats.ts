import { randomUUID } from "node:crypto";

/** An event of a round, before it is written in a format. */
export interface SampleEvent {
  session_id: string;
  category: string;
  name: string;
  data: object;
  timestamp: string;
}

/** A format of requests: the path, the serialization, and the status of accepted requests. */
export interface Format {
  path: string;
  accepted: number;
  headers(key: string): Record<string, string>;
  write(events: readonly SampleEvent[], key: string): unknown;
}

const native: Format = {
  path: "/theeye/events",
  accepted: 202,
  headers: (key) => ({ authorization: `Bearer ${key}` }),
  write: (events) => (events.length === 1 ? events[0] : events),
};

/** The format of @segment/analytics-node, with everything that the SDK adds to each event. */
const segment: Format = {
  path: "/v1/batch",
  accepted: 200,
  headers: (key) => ({ authorization: `Basic ${btoa(`${key}:`)}` }),
  write: (events, writeKey) => ({
    batch: events.map(({ session_id, name, data, timestamp }) => ({
      ...{ type: "track", event: name, anonymousId: session_id, properties: data, timestamp },
      messageId: `node-next-${Date.now()}-${randomUUID()}`,
      context: { library: { name: "@segment/analytics-node", version: "3.1.0" } },
      ...{ integrations: {}, _metadata: { nodeVersion: "26.10.0", jsRuntime: "node" } },
    })),
    ...{ writeKey, sentAt: new Date().toISOString() },
  }),
};

export const FORMATS = { native, segment };

export type FormatName = keyof typeof FORMATS;
