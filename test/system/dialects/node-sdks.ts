import { createInstance } from "@amplitude/analytics-node";
import { jitsuAnalytics } from "@jitsu/js";
import RudderAnalytics from "@rudderstack/rudder-sdk-node";
import { Analytics } from "@segment/analytics-node";
import { buildSelfDescribingEvent, buildStructEvent, newTracker } from "@snowplow/node-tracker";
import { CloudEvent, emitterFor, httpTransport, Mode } from "cloudevents";
import Mixpanel from "mixpanel";
import { PostHog } from "posthog-node";

/** The events that a vendor's SDK sends in the tests: of two sessions in turn, with a mark to find them. */
export interface Sdk {
  name: string;
  /** Sends events and waits until the SDK is done. Rejects, or passes to `complain`, the errors that the SDK reports. */
  send(url: string, key: string, mark: string, complain: (error: unknown) => void): Promise<void>;
  /** Names of the events of one session, in order. */
  names: string[];
  /** Whether the SDK retries by itself after 503 and 429. */
  retries: boolean;
}

const SESSIONS = ["one", "two"];

/** The timestamp of the event with a number; timestamps have the order of the numbers. */
const at = (number: number) => new Date(Date.now() - 60_000 + number * 10);

export const NODE_SDKS: Sdk[] = [
  {
    name: "@segment/analytics-node",
    names: ["identify", "Order", "Home", "group", "alias", "Order"],
    retries: true,
    async send(url, key, mark, complain) {
      const client = new Analytics({ writeKey: key, host: url, maxRetries: 4, flushInterval: 100 });
      client.on("error", complain);
      let number = 0;
      const common = (session: string) => ({ anonymousId: `${mark}-${session}`, timestamp: at(number++) });
      for (const session of SESSIONS) client.identify({ ...common(session), userId: "u", traits: { mark } });
      for (const session of SESSIONS) client.track({ ...common(session), event: "Order", properties: { mark } });
      for (const session of SESSIONS) client.page({ ...common(session), name: "Home", properties: { mark } });
      for (const session of SESSIONS) client.group({ ...common(session), groupId: "g", traits: { mark } });
      for (const session of SESSIONS) {
        client.alias({
          userId: "u",
          previousId: mark,
          context: { sessionId: `${mark}-${session}` },
          timestamp: at(number++),
        });
      }
      for (const session of SESSIONS) client.track({ ...common(session), event: "Order", properties: { mark } });
      await client.closeAndFlush({ timeout: 30_000 });
    },
  },
  {
    name: "posthog-node",
    names: ["order", "order", "$identify"],
    retries: true,
    async send(url, key, mark, complain) {
      const client = new PostHog(key, { host: url, flushAt: 50, disableGeoip: true });
      client.on("error", complain);
      let number = 0;
      for (let round = 0; round < 2; round++) {
        for (const session of SESSIONS) {
          const properties = { mark, $session_id: `${mark}-${session}` };
          client.capture({ distinctId: "d", event: "order", properties, timestamp: at(number++) });
        }
      }
      for (const session of SESSIONS) client.identify({ distinctId: `${mark}-${session}`, properties: { mark } });
      await client.shutdown(30_000);
    },
  },
  {
    name: "@rudderstack/rudder-sdk-node",
    names: ["identify", "Order", "Home"],
    retries: true,
    async send(url, key, mark, complain) {
      const client = new RudderAnalytics(key, { dataPlaneUrl: url, flushAt: 50, errorHandler: complain });
      let number = 0;
      const common = (session: string) => ({ anonymousId: `${mark}-${session}`, timestamp: at(number++) });
      for (const session of SESSIONS) client.identify({ ...common(session), traits: { mark } });
      for (const session of SESSIONS) client.track({ ...common(session), event: "Order", properties: { mark } });
      for (const session of SESSIONS) client.page({ ...common(session), name: "Home", properties: { mark } });
      await client.flush().catch(complain);
    },
  },
  {
    name: "@snowplow/node-tracker",
    names: ["buy", "order"],
    retries: false,
    async send(url, key, mark) {
      const headers = { Authorization: `Bearer ${key}` };
      const tracker = newTracker(
        { namespace: "t", appId: "shop", encodeBase64: false },
        { endpoint: url, eventMethod: "post", customHeaders: headers },
      );
      let number = 0;
      const time = () => ({ type: "ttm" as const, value: at(number++).getTime() });
      for (const session of SESSIONS) {
        tracker.setSessionId(`${mark}-${session}`);
        tracker.track(buildStructEvent({ category: mark, action: "buy", label: mark }), [], time());
      }
      for (const session of SESSIONS) {
        tracker.setSessionId(`${mark}-${session}`);
        const event = { schema: "iglu:com.acme/order/jsonschema/1-0-0", data: { mark } };
        tracker.track(buildSelfDescribingEvent({ event }), [], time());
      }
      await tracker.flush();
    },
  },
  {
    name: "@amplitude/analytics-node",
    names: ["order", "order", "$identify"],
    retries: false,
    async send(url, key, mark) {
      const client = createInstance();
      await client.init(key, { serverUrl: `${url}/2/httpapi`, flushIntervalMillis: 60_000 }).promise;
      let number = 0;
      const common = (session: string) => ({ device_id: `${mark}-${session}`, time: at(number++).getTime() });
      for (let round = 0; round < 2; round++) {
        for (const session of SESSIONS) client.track("order", { mark }, common(session));
      }
      const { Identify } = await import("@amplitude/analytics-node");
      for (const session of SESSIONS) client.identify(new Identify().set("mark", mark), common(session));
      await client.flush().promise;
    },
  },
  {
    name: "mixpanel",
    names: ["order", "order"],
    retries: false,
    async send(url, key, mark, complain) {
      const client = Mixpanel.init(key, { host: new URL(url).host, protocol: "http" });
      let number = 0;
      const properties = (session: string) => {
        const time = at(number++).getTime();
        return { mark, distinct_id: `${mark}-${session}`, time, $insert_id: `${mark}-${number}` };
      };
      for (const session of SESSIONS) {
        await new Promise<void>((resolve) => {
          client.track("order", properties(session), (error) => {
            if (error) complain(error);
            resolve();
          });
        });
      }
      await new Promise<void>((resolve) => {
        const events = SESSIONS.map((session) => ({ event: "order", properties: properties(session) }));
        client.track_batch(events, (errors) => {
          if (errors) complain(errors);
          resolve();
        });
      });
    },
  },
  {
    name: "@jitsu/js",
    names: ["order", "order"],
    retries: false,
    async send(url, key, mark, complain) {
      const client = jitsuAnalytics({ host: url, writeKey: `site:${key}`, fetch, s2s: true });
      for (let round = 0; round < 2; round++) {
        for (const session of SESSIONS) {
          await Promise.resolve(client.track("order", { mark }, { anonymousId: `${mark}-${session}` })).catch(complain);
        }
      }
    },
  },
  {
    name: "cloudevents",
    names: ["order", "order"],
    retries: false,
    async send(url, key, mark) {
      const emit = (mode: Mode) => emitterFor(httpTransport(`${url}/theeye/events`), { mode });
      let number = 0;
      for (const mode of [Mode.BINARY, Mode.STRUCTURED]) {
        for (const session of SESSIONS) {
          const event = new CloudEvent({
            ...{ type: "order", source: "/shop", time: at(number++).toISOString(), data: { mark } },
            sessionid: `${mark}-${session}`,
          });
          await emit(mode)(event, { headers: { Authorization: `Bearer ${key}` } });
        }
      }
    },
  },
];
