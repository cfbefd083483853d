/** The three sample events of the requirements, all with the same timestamp to the microsecond. */
export const SESSION = "e2085be5-9137-4e4e-80b5-f1ffddc25423";

const shared = { session_id: SESSION, timestamp: "2021-01-01 09:15:27.243860" };
const page = { host: "www.consumeraffairs.com", path: "/" };

export const SAMPLE_EVENTS = [
  { ...shared, category: "page interaction", name: "pageview", data: page },
  { ...shared, category: "page interaction", name: "cta click", data: { ...page, element: "chat bubble" } },
  {
    ...shared,
    category: "form interaction",
    name: "submit",
    data: { ...page, form: { first_name: "John", last_name: "Doe" } },
  },
] as const;

/** Their timestamp, and a receipt a second later, in microseconds since 1970. */
export const OCCURRED_AT = 1_609_492_527_243_860;
export const RECEIVED_AT = OCCURRED_AT + 1_000_000;
