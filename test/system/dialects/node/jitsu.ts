import { jitsuAnalytics } from "@jitsu/js";
import { type Sdk, SESSIONS } from "./sdk.ts";

export const jitsu: Sdk = {
  name: "@jitsu/js",
  names: ["order", "Home", "identify", "group", "order"],
  retries: false,
  async send(url, key, mark, complain) {
    const client = jitsuAnalytics({ host: url, writeKey: `site:${key}`, fetch, s2s: true });
    for (const call of [
      (options: object) => client.track("order", { mark }, options),
      (options: object) => client.page({ name: "Home", mark }, options),
      (options: object) => client.identify(`user-${mark}`, { mark }, options),
      (options: object) => client.group(`group-${mark}`, { mark }, options),
      (options: object) => client.track("order", { mark }, options),
    ]) {
      for (const session of SESSIONS) {
        await Promise.resolve(call({ anonymousId: `${mark}-${session}` })).catch(complain);
      }
    }
  },
};
