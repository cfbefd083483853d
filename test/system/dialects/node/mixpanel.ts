import Mixpanel from "mixpanel";
import { at, type Sdk, SESSIONS } from "./sdk.ts";

export const mixpanel: Sdk = {
  name: "mixpanel",
  names: ["order", "order", "order", "$create_alias", "$profile"],
  beside: ["$group"],
  retries: false,
  async send(url, key, mark, complain) {
    // `import` requires an API key, which the SDK's types lack.
    const config = { host: new URL(url).host, protocol: "http", key };
    const client = Mixpanel.init(key, config);
    let number = 0;
    const properties = (session: string) => {
      const time = at(number++).getTime();
      return { mark, distinct_id: `${mark}-${session}`, time, $insert_id: `${mark}-${number}` };
    };
    /** One call at a time: the SDK sends each at once, and some get the time of receipt as their timestamp. */
    const call = (start: (done: (errors: unknown) => void) => void) =>
      new Promise<void>((resolve) => {
        start((errors) => {
          if (errors) complain(errors);
          resolve();
        });
      });
    for (const session of SESSIONS) await call((done) => client.track("order", properties(session), done));
    const events = SESSIONS.map((session) => ({ event: "order", properties: properties(session) }));
    await call((done) => client.track_batch(events, done));
    for (const session of SESSIONS) {
      const { time, ...rest } = properties(session);
      await call((done) => client.import("order", new Date(time), rest, done));
    }
    for (const session of SESSIONS) {
      await call((done) => client.alias(`${mark}-${session}`, `other-${mark}`, done));
    }
    for (const session of SESSIONS) await call((done) => client.people.set(`${mark}-${session}`, { mark }, done));
    for (const session of SESSIONS)
      await call((done) => client.groups.set("company", `${mark}-${session}`, { mark }, done));
  },
};
