import {
  buildPagePing,
  buildPageView,
  buildScreenView,
  buildSelfDescribingEvent,
  buildStructEvent,
  newTracker,
} from "@snowplow/node-tracker";
import { at, type Sdk, SESSIONS } from "./sdk.ts";

function snowplowBy(eventMethod: "post" | "get"): Sdk {
  return {
    name: `@snowplow/node-tracker by ${eventMethod.toUpperCase()}`,
    names: ["buy", "order", "page_view", "page_ping", "screen_view"],
    retries: true,
    async send(url, key, mark) {
      const customHeaders = { Authorization: `Bearer ${key}` };
      const tracker = newTracker(
        { namespace: "t", appId: "shop", encodeBase64: eventMethod === "get" },
        { endpoint: url, eventMethod, customHeaders },
      );
      let number = 0;
      const page = { pageUrl: "https://shop.test/", pageTitle: mark };
      for (const event of [
        () => buildStructEvent({ category: mark, action: "buy", label: "🛒" }),
        () => buildSelfDescribingEvent({ event: { schema: "iglu:com.acme/order/jsonschema/1-0-0", data: { mark } } }),
        () => buildPageView(page),
        () => buildPagePing({ ...page, maxYOffset: 10 }),
        () => buildScreenView({ name: "Main", id: mark }),
      ]) {
        for (const session of SESSIONS) {
          tracker.setSessionId(`${mark}-${session}`);
          tracker.track(event(), [], { type: "ttm", value: at(number++).getTime() });
        }
      }
      // Events that were refused temporarily are kept, and sent with the next event or flush.
      await tracker.flush();
      await tracker.flush();
    },
  };
}

export const snowplow = snowplowBy("post");
export const snowplowGet = snowplowBy("get");
