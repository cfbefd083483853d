import { TIMESTAMP_FORMS } from "../../../model/time/time";

/** The events of the examples: three of one session with the same timestamp. Each can be sent as it is. */

export const SAMPLE_SESSION = "e2085be5-9137-4e4e-80b5-f1ffddc25423";

const PAGE = { host: "www.consumeraffairs.com", path: "/" };

function sample<Data extends object>(category: string, name: string, data: Data) {
  return { session_id: SAMPLE_SESSION, category, name, data, timestamp: "2021-01-01 09:15:27.243860" };
}

export const SAMPLE_EVENTS = [
  sample("page interaction", "pageview", PAGE),
  sample("page interaction", "cta click", { ...PAGE, element: "chat bubble" }),
  sample("form interaction", "submit", { ...PAGE, form: { first_name: "John", last_name: "Doe" } }),
] as const;

export const SAMPLE_IDS = [
  "0b7f3c1e-5d0a-4c57-9b0e-3f6a1c2d4e50",
  "2f9d8a64-7c1b-4e2f-8a3d-6b5c4d3e2f1a",
  "c4d1e7b2-3a69-4f80-b1c5-9e8f7a6b5c4d",
] as const;

/**
 * An event of the same session with every member that an event can have, a numeric timestamp and an additional
 * member.
 */
export const FULL_SAMPLE = {
  ...sample("page interaction", "cta click", { ...PAGE, element: "phone number" }),
  timestamp: 1_609_492_531.5,
  id: "9a1f5b3e-2c47-4d0b-8e6a-7f3c2b1d0e9f",
  visitor_id: "visitor-81f2",
  context: { sdk: { name: "web", version: "2.1.0" }, sent_at: "2021-01-01T09:15:31.512Z" },
  experiment: { name: "header", variant: "b" },
} as const;

/** The same events as they are returned, received a second later in one request. */
export const STORED_SAMPLES = SAMPLE_EVENTS.map((event, index) => ({
  session_id: event.session_id,
  application: "demo",
  category: event.category,
  name: event.name,
  data: event.data,
  timestamp: "2021-01-01T09:15:27.243860Z",
  received_at: `2021-01-01T09:15:28.10400${index}Z`,
  id: SAMPLE_IDS[index],
}));

export const STORED_FULL_SAMPLE = {
  session_id: FULL_SAMPLE.session_id,
  application: "demo",
  category: FULL_SAMPLE.category,
  name: FULL_SAMPLE.name,
  data: FULL_SAMPLE.data,
  timestamp: "2021-01-01T09:15:31.500000Z",
  received_at: "2021-01-01T09:15:31.648000Z",
  id: FULL_SAMPLE.id,
  visitor_id: FULL_SAMPLE.visitor_id,
  context: FULL_SAMPLE.context,
  extra: { experiment: FULL_SAMPLE.experiment },
} as const;

/** An event with two issues, as the errors list it. */
export const FAILED_SAMPLE = {
  id: "5e0c9a37-1f4b-8d26-a7e3-0c9b8a7d6e5f",
  received_at: "2021-01-01T09:15:28.104000Z",
  application: "demo",
  session_id: SAMPLE_SESSION,
  category: "page interaction",
  name: "pageview",
  event_id: SAMPLE_IDS[0],
  issues: [
    { code: "data_invalid", path: "/data", message: 'expected a JSON object, found ""' },
    {
      code: "timestamp_invalid",
      path: "/timestamp",
      message: `expected ${TIMESTAMP_FORMS}; found "not a date"`,
    },
  ],
  status: "open",
  resolved: null,
  replayed_at: null,
  event: { ...SAMPLE_EVENTS[0], data: "", timestamp: "not a date" },
} as const;
