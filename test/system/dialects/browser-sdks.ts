import { expect } from "vitest";

/** The calls of a vendor's SDK in a page. Texts are JavaScript that runs there. */
export interface BrowserSdk {
  name: string;
  /** The package's script for pages, if it has one; a module is imported by `start`. */
  script?: string;
  /** Creates `window.sdk`, with the constants `url`, `key` and `mark`. */
  start: string;
  /** Calls of every kind that the SDK has, each with the `mark` somewhere. */
  steps: readonly string[];
  /** Names of the events of one page, in order. */
  names: readonly string[];
  /** Names of updates that have no timestamp, in the order of names. */
  updates?: readonly string[];
  /** The number of sessions of one page. SDKs without sessions use the visitor's id, which identifying changes. */
  sessions?: number;
  /** The service's answer instead of 429, if the SDK would drop its events after 429. */
  insteadOf429?: number;
  /** Whether the SDK retries. */
  retries: boolean;
  /** Sends kept events, for an SDK that retries with its next event instead of after a time. */
  flush?: string;
  /** Members of the page's last event, which is sent after the visitor was identified. */
  last(mark: string): object;
}

export const BROWSER_SDKS: readonly BrowserSdk[] = [
  {
    name: "@segment/analytics-next",
    script: "@segment/analytics-next/dist/umd/index.js",
    // Without a sample rate the SDK reports its own errors to Segment.
    start: `const server = { apiKey: key, apiHost: new URL(url).host + "/v1", protocol: "http" };
      const cdnSettings = { integrations: { "Segment.io": server }, metrics: { sampleRate: 0 } };
      window.sdk = AnalyticsNext.AnalyticsBrowser.load({ writeKey: key, cdnSettings });`,
    steps: [
      `sdk.page("Home", { mark })`,
      `sdk.identify("user-" + mark, { mark })`,
      `sdk.track("Order", { mark })`,
      `sdk.group("group-" + mark, { mark })`,
      `sdk.screen("Main", { mark })`,
      `sdk.alias("other-" + mark)`,
      `sdk.track("Order", { mark })`,
    ],
    names: ["Home", "identify", "Order", "group", "Main", "alias", "Order"],
    retries: true,
    last: (mark) => ({
      category: "track",
      visitor_id: `user-${mark}`,
      data: { mark },
      context: { library: { name: "analytics.js" } },
    }),
  },
  {
    name: "@rudderstack/analytics-js",
    script: "@rudderstack/analytics-js/dist/npm/modern/bundled/umd/index.js",
    start: `window.sdk = new rudderanalytics.RudderAnalytics();
      sdk.load(key, url, { getSourceConfig: () => ({ source: { id: "eye", config: {}, destinations: [] } }) });`,
    steps: [
      `sdk.page("Home", { mark })`,
      `sdk.identify("user-" + mark, { mark })`,
      `sdk.track("Order", { mark })`,
      `sdk.group("group-" + mark, { mark })`,
      `sdk.alias("other-" + mark)`,
      `sdk.track("Order", { mark })`,
    ],
    names: ["Home", "identify", "Order", "group", "alias", "Order"],
    retries: true,
    last: (mark) => ({
      category: "track",
      data: { mark },
      context: { channel: "web", library: { version: "3.34.1" } },
    }),
  },
  {
    name: "posthog-js",
    // The build without PostHog's network. An automated browser would be treated as a bot.
    start: `const { default: posthog } = await import("/npm/posthog-js/dist/module.no-external.js");
      window.sdk = posthog;
      posthog.init(key, { api_host: url, advanced_disable_flags: true, disable_external_dependency_loading: true,
        autocapture: false, capture_pageview: false, capture_pageleave: false, opt_out_useragent_filter: true });`,
    steps: [
      `sdk.capture("$pageview", { mark })`,
      `sdk.identify("user-" + mark, { plan: "pro" }, { first: mark })`,
      `sdk.setPersonProperties({ mark })`,
      `sdk.group("company", mark, { size: 3 })`,
      `sdk.alias("other-" + mark)`,
      `sdk.captureException(new Error(mark))`,
      `sdk.capture("order", { mark })`,
    ],
    names: ["$pageview", "$identify", "$set", "$groupidentify", "$create_alias", "$exception", "order"],
    insteadOf429: 503,
    retries: true,
    last: (mark) => ({
      category: "posthog",
      visitor_id: `user-${mark}`,
      data: { mark, $pathname: `/${mark}` },
      context: { $lib: "web" },
    }),
  },
  {
    name: "@snowplow/browser-tracker",
    script: "@snowplow/browser-tracker/dist/index.umd.min.js",
    start: `window.sdk = snowplowBrowserTracking;
      sdk.newTracker("t", url, { appId: "shop", customHeaders: { Authorization: "Bearer " + key }, keepalive: true });`,
    steps: [
      `sdk.trackPageView({ title: mark })`,
      `sdk.setUserId("user-" + mark)`,
      `sdk.trackStructEvent({ category: "shop", action: "buy", label: mark, property: "p", value: 2 })`,
      `sdk.trackSelfDescribingEvent({ event: { schema: "iglu:com.acme/order/jsonschema/1-0-0", data: { mark } } })`,
      `sdk.trackPageView({ title: mark })`,
    ],
    names: ["page_view", "buy", "order", "page_view"],
    retries: true,
    flush: `sdk.flushBuffer()`,
    last: (mark) => ({
      ...{ category: "snowplow", visitor_id: `user-${mark}`, data: { page: mark } },
      context: { aid: "shop", p: "web", contexts: [{ schema: expect.stringContaining("/web_page/") }] },
    }),
  },
  {
    name: "@amplitude/analytics-browser",
    script: "@amplitude/analytics-browser/lib/scripts/amplitude-min.umd.js",
    start: `window.sdk = amplitude;
      const options = { serverUrl: url + "/2/httpapi", autocapture: false, remoteConfig: { fetchRemoteConfig: false } };
      await sdk.init(key, undefined, options).promise;`,
    steps: [
      `sdk.track("order", { mark })`,
      `sdk.setUserId("user-" + mark)`,
      `sdk.identify(new sdk.Identify().set("mark", mark))`,
      `sdk.setGroup("company", mark)`,
      `sdk.groupIdentify("company", mark, new sdk.Identify().set("size", 3))`,
      `sdk.revenue(new sdk.Revenue().setProductId("p").setPrice(3).setEventProperties({ mark }))`,
      `sdk.track("order", { mark })`,
    ],
    names: ["order", "$identify", "$identify", "$groupidentify", "revenue_amount", "order"],
    retries: true,
    last: (mark) => ({
      category: "amplitude",
      visitor_id: `user-${mark}`,
      data: { mark },
      context: { platform: "Web" },
    }),
  },
  {
    name: "mixpanel-browser",
    script: "mixpanel-browser/dist/mixpanel.umd.js",
    start: `window.sdk = mixpanel;
      sdk.init(key, { api_host: url, batch_flush_interval_ms: 500 });`,
    steps: [
      `sdk.track("order", { mark })`,
      `sdk.identify("user-" + mark)`,
      `sdk.people.set({ mark })`,
      `sdk.set_group("company", mark)`,
      `sdk.get_group("company", mark).set({ size: 3 })`,
      `sdk.alias("other-" + mark)`,
      `sdk.track_pageview({ mark })`,
      `sdk.track("order 🛒", { mark })`,
    ],
    // An alias also identifies.
    names: ["order", "$identify", "$create_alias", "$identify", "$mp_web_page_view", "order 🛒"],
    updates: ["$group", "$profile", "$profile", "$profile"],
    sessions: 3,
    retries: true,
    last: (mark) => ({ category: "mixpanel", visitor_id: `other-${mark}`, data: { mark }, context: { mp_lib: "web" } }),
  },
  {
    name: "@jitsu/js",
    start: `const { jitsuAnalytics } = await import("/npm/@jitsu/js/dist/jitsu.es.js");
      window.sdk = jitsuAnalytics({ host: url, writeKey: "site:" + key });`,
    steps: [
      `sdk.page("Home", { mark })`,
      `sdk.identify("user-" + mark, { mark })`,
      `sdk.track("Order", { mark })`,
      `sdk.group("group-" + mark, { mark })`,
      `sdk.track("Order", { mark })`,
    ],
    names: ["Home", "identify", "Order", "group", "Order"],
    retries: false,
    last: (mark) => ({
      category: "track",
      visitor_id: `user-${mark}`,
      data: { mark },
      context: { groupId: `group-${mark}` },
    }),
  },
];

/** A page that starts the SDK; `ready` is true when calls can be made. */
export function pageOf({ script, start }: BrowserSdk, constants: { url: string; key: string }): string {
  const loaded = script === undefined ? "" : `<script src="/npm/${script}"></script>`;
  return `<!doctype html><title>A page</title>${loaded}<script type="module">
const { url, key } = ${JSON.stringify(constants)};
const mark = window.mark = location.pathname.slice(1);
${start}
window.ready = true;
</script>`;
}
