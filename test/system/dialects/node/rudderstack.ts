import RudderAnalytics from "@rudderstack/rudder-sdk-node";
import { at, type Sdk, SESSIONS } from "./sdk.ts";

export const rudderstack: Sdk = {
  name: "@rudderstack/rudder-sdk-node",
  names: ["identify", "Order", "Home", "Main", "group", "alias"],
  retries: true,
  async send(url, key, mark, complain) {
    const client = new RudderAnalytics(key, { dataPlaneUrl: url, flushAt: 50, errorHandler: complain });
    let number = 0;
    const common = (session: string) => ({ anonymousId: `${mark}-${session}`, timestamp: at(number++) });
    for (const session of SESSIONS) client.identify({ ...common(session), traits: { mark } });
    for (const session of SESSIONS) client.track({ ...common(session), event: "Order", properties: { mark } });
    for (const session of SESSIONS) client.page({ ...common(session), name: "Home", properties: { mark } });
    for (const session of SESSIONS) client.screen({ ...common(session), name: "Main", properties: { mark } });
    for (const session of SESSIONS) client.group({ ...common(session), groupId: "g", traits: { mark } });
    for (const session of SESSIONS) client.alias({ ...common(session), userId: "u", previousId: mark });
    await client.flush().catch(complain);
  },
};
