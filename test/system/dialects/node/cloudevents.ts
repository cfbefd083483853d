import { CloudEvent, emitterFor, httpTransport, Mode } from "cloudevents";
import { at, type Sdk, SESSIONS } from "./sdk.ts";

export const cloudevents: Sdk = {
  name: "cloudevents",
  names: ["order", "order"],
  retries: false,
  async send(url, key, mark) {
    let number = 0;
    for (const mode of [Mode.BINARY, Mode.STRUCTURED]) {
      const emit = emitterFor(httpTransport(`${url}/theeye/events`), { mode });
      for (const session of SESSIONS) {
        const event = new CloudEvent({
          ...{ type: "order", source: "/shop", time: at(number++).toISOString(), data: { mark } },
          sessionid: `${mark}-${session}`,
        });
        await emit(event, { headers: { Authorization: `Bearer ${key}` } });
      }
    }
  },
};
