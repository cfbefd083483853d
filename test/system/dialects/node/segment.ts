import { Analytics } from "@segment/analytics-node";
import { at, type Sdk, SESSIONS } from "./sdk.ts";

export const segment: Sdk = {
  name: "@segment/analytics-node",
  names: ["identify", "Order", "Home", "Main", "group", "alias", "Order"],
  retries: true,
  async send(url, key, mark, complain) {
    const client = new Analytics({ writeKey: key, host: url, maxRetries: 4, flushInterval: 100 });
    client.on("error", complain);
    let number = 0;
    const common = (session: string) => ({ anonymousId: `${mark}-${session}`, timestamp: at(number++) });
    for (const session of SESSIONS) client.identify({ ...common(session), userId: "u", traits: { mark } });
    for (const session of SESSIONS) client.track({ ...common(session), event: "Order", properties: { mark } });
    for (const session of SESSIONS) client.page({ ...common(session), name: "Home", properties: { mark } });
    for (const session of SESSIONS) client.screen({ ...common(session), name: "Main", properties: { mark } });
    for (const session of SESSIONS) client.group({ ...common(session), groupId: "g", traits: { mark } });
    for (const session of SESSIONS) {
      const context = { sessionId: `${mark}-${session}` };
      client.alias({ userId: "u", previousId: mark, context, timestamp: at(number++) });
    }
    for (const session of SESSIONS) client.track({ ...common(session), event: "Order", properties: { mark } });
    await client.closeAndFlush({ timeout: 30_000 });
  },
};
