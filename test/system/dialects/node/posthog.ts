import { PostHog } from "posthog-node";
import { at, type Sdk, SESSIONS } from "./sdk.ts";

/** @param mode of the protocol, which the SDK reads from the environment */
function posthogIn(mode: "v0" | "v1"): Sdk {
  return {
    name: mode === "v0" ? "posthog-node" : "posthog-node with POSTHOG_CAPTURE_MODE=v1",
    names: ["order", "order", "$identify", "$groupidentify", "$create_alias"],
    retries: true,
    async send(url, key, mark, complain) {
      process.env.POSTHOG_CAPTURE_MODE = mode;
      const client = new PostHog(key, { host: url, flushAt: 50, disableGeoip: true });
      delete process.env.POSTHOG_CAPTURE_MODE;
      client.on("error", complain);
      let number = 0;
      for (let round = 0; round < 2; round++) {
        for (const session of SESSIONS) {
          const properties = { mark, $session_id: `${mark}-${session}` };
          client.capture({ distinctId: "d", event: "order", properties, timestamp: at(number++) });
        }
      }
      // These have the time of the call.
      const visitors = SESSIONS.map((session) => `${mark}-${session}`);
      for (const distinctId of visitors) client.identify({ distinctId, properties: { mark } });
      for (const distinctId of visitors) {
        client.groupIdentify({ groupType: "company", groupKey: mark, properties: { size: 3 }, distinctId });
      }
      for (const distinctId of visitors) client.alias({ distinctId, alias: `other-${mark}` });
      await client.shutdown(30_000);
    },
  };
}

export const posthog = posthogIn("v0");
export const posthogV1 = posthogIn("v1");
