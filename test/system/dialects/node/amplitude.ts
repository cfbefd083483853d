import { createInstance, Identify, Revenue } from "@amplitude/analytics-node";
import { at, type Sdk, SESSIONS } from "./sdk.ts";

export const amplitude: Sdk = {
  name: "@amplitude/analytics-node",
  names: ["order", "order", "$identify", "$identify", "$groupidentify", "revenue_amount"],
  retries: true,
  async send(url, key, mark) {
    const client = createInstance();
    await client.init(key, { serverUrl: `${url}/2/httpapi`, flushIntervalMillis: 500 }).promise;
    let number = 0;
    const common = (session: string) => ({ device_id: `${mark}-${session}`, time: at(number++).getTime() });
    for (let round = 0; round < 2; round++) {
      for (const session of SESSIONS) client.track("order", { mark }, common(session));
    }
    for (const session of SESSIONS) client.identify(new Identify().set("mark", mark), common(session));
    for (const session of SESSIONS) client.setGroup("company", mark, common(session));
    for (const session of SESSIONS) {
      client.groupIdentify("company", mark, new Identify().set("size", 3), common(session));
    }
    for (const session of SESSIONS) client.revenue(new Revenue().setProductId(mark).setPrice(3), common(session));
    // Its timer sends and retries: an explicit `flush()` stops at the first refusal.
  },
};
