import { expect, test } from "vitest";
import { LOCAL_KEYS } from "../../scripts/start/local-keys.ts";
import { eventually } from "./service.ts";
import { serviceForTests } from "./service-for-tests.ts";

/** The samples of the brief, and events that the replaced system lost after answering 202. */

const SESSION = "e2085be5-9137-4e4e-80b5-f1ffddc25423";
const sample = {
  session_id: SESSION,
  category: "page interaction",
  name: "pageview",
  data: { host: "www.consumeraffairs.com", path: "/" },
  timestamp: "2021-01-01 09:15:27.243860",
};
const samples = [
  sample,
  { ...sample, name: "cta click", data: { ...sample.data, element: "chat bubble" } },
  {
    ...sample,
    category: "form interaction",
    name: "submit",
    data: { ...sample.data, form: { first_name: "John", last_name: "Doe" } },
  },
];

const service = serviceForTests();

interface Found {
  name: string;
  timestamp: string;
  position: number;
  data: unknown;
  issues: { code: string }[];
  event: unknown;
}

async function ask(path: string): Promise<Found[]> {
  const response = await fetch(`${service.url}${path}`, { headers: { Authorization: `Token ${LOCAL_KEYS.read}` } });
  const { results = [] } = (await response.json()) as { results?: Found[] };
  return results;
}

async function send(body: unknown): Promise<number> {
  const headers = { Authorization: `Token ${LOCAL_KEYS.write}` };
  const response = await fetch(`${service.url}/theeye/events/`, {
    method: "POST",
    headers,
    body: JSON.stringify(body),
  });
  return response.status;
}

test("the three samples, sent separately with equal timestamps, are returned in the order in which they were received", async () => {
  for (const event of samples) expect(await send(event)).toBe(202);
  const found = await eventually(async () => {
    const results = await ask(`/theeye/sessions/${SESSION}`);
    return results.length === 3 ? results : null;
  });
  expect(found.map(({ name, data, timestamp, position }) => ({ name, data, timestamp, position }))).toEqual(
    samples.map(({ name, data }, index) => ({
      name,
      data,
      timestamp: "2021-01-01T09:15:27.243860Z",
      position: index + 1,
    })),
  );
});

test.each([
  ["an unreadable timestamp", { ...sample, session_id: "lost-1", timestamp: "not a date" }, ["timestamp_invalid"]],
  ["a date without a time", { ...sample, session_id: "lost-2", timestamp: "2021-01-01" }, ["timestamp_invalid"]],
  ["an empty payload", { ...sample, session_id: "lost-3", data: "" }, ["data_invalid"]],
  ["a number as payload", { ...sample, session_id: "lost-4", data: 5 }, ["data_invalid"]],
  ["a missing payload", { ...sample, session_id: "lost-5", data: undefined }, ["data_invalid"]],
  [
    "a timestamp in the future",
    { ...sample, session_id: "lost-6", timestamp: "2199-01-01 00:00:00" },
    ["timestamp_in_future"],
  ],
])("%s is accepted and stored whole among the errors", async (_, event, codes) => {
  expect(await send(event)).toBe(202);
  const [error] = await eventually(async () => {
    const results = await ask(`/theeye/errors?session_id=${event.session_id}`);
    return results.length === 1 ? results : null;
  });
  expect(error?.issues.map(({ code }) => code)).toEqual(codes);
  expect(error?.event).toEqual(JSON.parse(JSON.stringify(event)));
  expect(await ask(`/theeye/events?session_id=${event.session_id}`)).toEqual([]);
});

test("one bad event in a request does not affect its neighbours", async () => {
  const batch = [
    { ...sample, session_id: "neighbours" },
    17,
    null,
    { ...sample, session_id: "neighbours", name: "cta click" },
  ];
  expect(await send(batch)).toBe(202);
  const found = await eventually(async () => {
    const results = await ask("/theeye/events?session_id=neighbours");
    return results.length === 2 ? results : null;
  });
  expect(found.map(({ name }) => name)).toEqual(["pageview", "cta click"]);
  await eventually(async () => ((await ask("/theeye/errors?code=event_invalid")).length === 2 ? true : null));
});
