import { amplitude } from "./amplitude";
import type { Dialect } from "./dialect";
import { jitsu } from "./jitsu";
import { mixpanel } from "./mixpanel";
import { posthog } from "./posthog";
import { segment } from "./segment";
import { snowplow } from "./snowplow";

/** Every vendor that is recognised by its path. CloudEvents use the native path. */
export const DIALECTS: readonly Dialect[] = [segment, posthog, snowplow, amplitude, mixpanel, jitsu];
