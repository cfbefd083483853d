import type { ParameterSchema } from "../../../http/request/parameters";
import { VALUE_FILTER_RULE } from "../../../model/event/property-value";
import { jsonSchemaOf } from "./json-schema";
import type { Parameter } from "./operation";
import { SAMPLE_SESSION } from "./sample-events";

/** An example for each parameter that matches the sample events. `cursor` has none: it comes from `next`. */
const EXAMPLES: Record<string, string | number> = {
  session_id: SAMPLE_SESSION,
  category: "page interaction",
  name: "pageview",
  application: "demo",
  status: "open",
  code: "timestamp_invalid",
  start_date: "2021-01-01",
  end_date: "2021-01-01 09:15:27.243860",
  order: "asc",
  limit: 10,
  include: "times",
  flatten: "host,path",
  gzip: "1",
  thorough: "1",
  interval: "hour",
  days: 7,
  version: 1,
  group_by: "data.path",
  metric: "sessions",
  metrics: "sessions,bounces",
  timezone: "Europe/Berlin",
  top: 10,
  by: "data.path",
  compare: "previous_period",
  periods: 8,
  return_category: "page interaction",
  return_name: "pageview",
  accuracy: "fast",
  visitor_id: "visitor-1",
  min_events: 2,
  max_events: 100,
  min_seconds: 60,
  max_seconds: 3_600,
};

/**
 * The query parameters of an operation, from the schema that reads them.
 *
 * @param sent parameters that are filled in when someone tries the operation. The others only suggest their example,
 * or every trial would set all of them.
 */
export function queryParameters(schema: ParameterSchema, sent: Readonly<Record<string, string>> = {}): Parameter[] {
  return Object.entries(schema.entries).map(([name, entry]) => {
    const { description = "", ...shape } = jsonSchemaOf(entry);
    const example = EXAMPLES[name];
    const schemaWithExample = example === undefined || name in sent ? shape : { ...shape, examples: [example] };
    return {
      name,
      in: "query",
      description,
      required: entry.type !== "optional",
      schema: schemaWithExample,
      ...(name in sent ? { example: sent[name] } : {}),
    };
  });
}

export function pathParameter(name: string, description: string, example: string): Parameter {
  return { name, in: "path", description, required: true, schema: { type: "string" }, example };
}

/** Represents the filters by property: any path can follow `data.`. */
export function propertyFilterParameter(): Parameter {
  return {
    name: "data.path",
    in: "query",
    description: `Only events whose payload has this value in the property \`path\`. Nested properties are separated by dots: \`data.form.first_name\`. The value can be ${VALUE_FILTER_RULE}. If the parameter is repeated, any of the values matches.`,
    required: false,
    schema: { type: "string", examples: ["/blog/*"] },
  };
}
