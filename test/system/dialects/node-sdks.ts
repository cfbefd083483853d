import { amplitude } from "./node/amplitude.ts";
import { cloudevents } from "./node/cloudevents.ts";
import { jitsu } from "./node/jitsu.ts";
import { mixpanel } from "./node/mixpanel.ts";
import { posthog, posthogV1 } from "./node/posthog.ts";
import { rudderstack } from "./node/rudderstack.ts";
import type { Sdk } from "./node/sdk.ts";
import { segment } from "./node/segment.ts";
import { snowplow, snowplowGet } from "./node/snowplow.ts";

export const NODE_SDKS: readonly Sdk[] = [
  ...[segment, posthog, posthogV1, rudderstack, snowplow, snowplowGet],
  ...[amplitude, mixpanel, jitsu, cloudevents],
];
