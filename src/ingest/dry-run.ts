import * as v from "valibot";
import { Refusal } from "../http/problem";
import { readBodyOfLines } from "../http/request/body";
import { EVENT_CODE_NAMES } from "../model/codes";
import { utf8Bytes } from "../model/event/event";
import { jsonText } from "../model/json/json-text";
import { nestingOf } from "../model/json/nesting";
import { MAX_NAME_CHARACTERS } from "../model/limits";
import { checkEvent } from "../rules/check-event";
import type { Rules } from "../rules/rules";
import { warningsOf } from "./event-warnings";
import { parseBodyOfLines } from "./parse-events";

const IssuesSchema = v.array(v.object({ code: v.picklist(EVENT_CODE_NAMES), path: v.string(), message: v.string() }));

export const DryRunSchema = v.object({
  results: v.pipe(
    v.array(
      v.object({
        ok: v.boolean(),
        issues: v.optional(v.pipe(IssuesSchema, v.description("All issues of the event."))),
        shadow: v.optional(
          v.pipe(
            IssuesSchema,
            v.description(
              "Issues for which a schema in report-only mode would reject the event. They do not change the verdict.",
            ),
          ),
        ),
        warnings: v.optional(
          v.pipe(
            v.array(v.object({ path: v.string(), message: v.string() })),
            v.description(
              "Warnings about members that `Event` does not name, if there are any. They do not change the verdict.",
            ),
          ),
        ),
      }),
    ),
    v.description("One result for each event, in the order sent."),
  ),
});

/** The terms of a dry run. The time of receipt is the current time. */
export interface DryRunTerms {
  receivedAt: number;
  futureToleranceMicros: number;
  rules: Rules;
}

/**
 * `POST /theeye/events?dry_run=1`: returns the verdict on each event, in the order sent, with the same check as the
 * pipeline. Nothing is stored or queued. Duplicates and id conflicts are not found, since that needs the stored events.
 */
export async function dryRun(request: Request, terms: DryRunTerms): Promise<Response | Refusal> {
  const body = await readBodyOfLines(request);
  if (body instanceof Refusal) return body;
  const parsed = parseBodyOfLines(body, request.headers.get("Content-Type"));
  if (parsed instanceof Refusal) return parsed;
  const results = parsed.events.map((event, position) => {
    const text = jsonText(event);
    const verdict = checkEvent(event, {
      ...terms,
      receivedAt: terms.receivedAt + position,
      bytes: utf8Bytes(text),
      levels: nestingOf(text),
    });
    const found = warningsOf(event);
    const warnings = found.length === 0 ? {} : { warnings: found };
    if (!verdict.valid) return { ok: false, issues: verdict.issues, ...warnings };
    return { ok: true, ...(verdict.shadow === null ? {} : { shadow: verdict.shadow.issues }), ...warnings };
  });
  return Response.json({ results }, { headers: { "Cache-Control": "no-store" } });
}

/** The collector's parameters. */
const PARAMETERS = ["dry_run", "key"];

/**
 * Whether a request is a dry run. The URL is parsed only if it has a query string, which is rare. An unknown parameter
 * is refused, so that a misspelt `dry_run` does not store events.
 */
export function asksForDryRun(request: Request): boolean | Refusal {
  if (!request.url.includes("?")) return false;
  const { searchParams } = new URL(request.url);
  const unknown = [...searchParams.keys()].find((name) => !PARAMETERS.includes(name));
  if (unknown !== undefined) {
    const parameter = unknown.slice(0, MAX_NAME_CHARACTERS);
    const detail = `The parameter ${JSON.stringify(parameter)} is unknown. Known parameters: ${PARAMETERS.join(", ")}.`;
    return new Refusal("invalid_parameter", detail, { parameter, takes: PARAMETERS });
  }
  const given = searchParams.getAll("dry_run");
  if (given.length === 0) return false;
  const [value] = given;
  if (given.length === 1 && (value === "1" || value === "true")) return true;
  if (given.length === 1 && (value === "0" || value === "false")) return false;
  const detail = "The parameter dry_run is not valid: expected 1 or 0, once.";
  return new Refusal("invalid_parameter", detail, { parameter: "dry_run" });
}
