import type { Context } from "hono";
import * as v from "valibot";
import { countedPath } from "../model/issue-path";
import { checkEvent } from "../rules/check-event";
import { compileSchema } from "../rules/compile-schema";
import { proposeSchema } from "../rules/propose-schema";
import { readSchema } from "../rules/read-schema";
import { rulesOf } from "../rules/rules";
import type { FoundError } from "../storage/error-queries";
import type { AppEnv } from "./app-env";
import { answer, refuseSchema } from "./event-type-answers";
import { MAX_FAILED_SAMPLES, MAX_STORED_SAMPLES, newestErrors, newestEvents } from "./event-type-samples";
import { parseJsonBody } from "./parse-json-body";
import { Refusal } from "./problem";
import { answerFrom } from "./reading";

/** Groups in one answer, the largest first, and samples in a group. */
const MAX_GROUPS = 50;
const MAX_SAMPLES = 3;

const count = v.pipe(v.number(), v.integer(), v.minValue(0));

export const ProposalSchema = v.object({
  category: v.string(),
  name: v.string(),
  drawn_from: v.pipe(
    count,
    v.description(`Stored events that it was drawn from: the newest ${MAX_STORED_SAMPLES} at most.`),
  ),
  schema: v.pipe(v.nullable(v.unknown()), v.description("Every one of these events fits it. null: none is stored.")),
});

export const CheckInput = v.strictObject({
  schema: v.pipe(v.unknown(), v.description("The candidate: a JSON Schema (draft 2020-12) for `data`.")),
});

const SampleSchema = v.object({
  session_id: v.nullable(v.string()),
  id: v.optional(v.pipe(v.string(), v.description("Of a stored event."))),
  error_id: v.optional(v.string()),
  message: v.string(),
});

export const CheckSchema = v.object({
  stored: v.pipe(
    v.object({ checked: count, pass: count, fail: count }),
    v.description(`The newest stored events of the type: ${MAX_STORED_SAMPLES} at most.`),
  ),
  failed: v.pipe(
    v.object({ checked: count, pass: count, fail: count }),
    v.description(
      `The newest failed events of the type: ${MAX_FAILED_SAMPLES} at most. Those that pass could be replayed.`,
    ),
  ),
  groups: v.pipe(
    v.array(
      v.object({
        code: v.string(),
        path: v.pipe(v.string(), v.description("JSON pointer into the event, places in arrays as `*`.")),
        kind: v.pipe(v.string(), v.description("The keyword of the schema that is not met, or the code.")),
        stored: count,
        failed: count,
        samples: v.array(SampleSchema),
      }),
    ),
    v.description(`Why they fail, the most frequent first: ${MAX_GROUPS} at most.`),
  ),
});

type Check = v.InferOutput<typeof CheckSchema>;

/** `GET /theeye/event-types/{category}/{name}/proposal`: a schema drawn from the stored events of a type. */
export function showProposal(c: Context<AppEnv>): Promise<Response> {
  const type = typeOf(c);
  return answerFrom(async () => {
    const found = await newestEvents(c.env, type);
    const schema = found.length === 0 ? null : proposeSchema(found.map(({ data }) => JSON.parse(data)));
    return answer({ ...type, drawn_from: found.length, schema });
  });
}

/** `POST /theeye/event-types/{category}/{name}/check`: what a candidate schema says of the newest events of a type. */
export async function checkSchema(c: Context<AppEnv>): Promise<Response> {
  const type = typeOf(c);
  const input = await parseJsonBody(c.req.raw, CheckInput);
  if (input instanceof Refusal) return input.response();
  const refusal = refuseSchema(input.schema);
  if (refusal !== null) return refusal.response();
  const read = readSchema(input.schema ?? {});
  if (!read.ok) throw new Error("a schema was taken that cannot be read");
  const check = compileSchema(read.schema);

  return answerFrom(async () => {
    const [stored, failed] = await Promise.all([newestEvents(c.env, type), newestErrors(c.env, type)]);
    const tally = newTally();
    for (const event of stored) {
      const faults = check(JSON.parse(event.data)).map(({ path, keyword, message }) => ({
        ...{ code: "schema_violation", path: `/data${path}`, kind: keyword, message },
      }));
      tally.add("stored", faults, { session_id: event.session, id: event.id });
    }
    for (const error of failed) {
      tally.add("failed", faultsOf(error, check, c.var.config.futureToleranceMicros), {
        session_id: error.session,
        error_id: error.key.id,
      });
    }
    return answer(tally.result());
  });
}

interface Fault {
  code: string;
  path: string;
  kind: string;
  message: string;
}

/** Everything that is wrong with a failed event if the candidate were its type's schema, as far as no session decides. */
function faultsOf(error: FoundError, check: ReturnType<typeof compileSchema>, futureToleranceMicros: number): Fault[] {
  if (error.content.kind !== "whole") {
    return [{ code: "event_too_large", path: "", kind: "event_too_large", message: "came in pieces" }];
  }
  const event: unknown = JSON.parse(error.content.text);
  const judgement = { receivedAt: error.key.receivedAt, futureToleranceMicros, rules: NO_TYPES };
  const verdict = checkEvent(event, judgement);
  const issues = verdict.valid ? [] : verdict.issues;
  const own = issues.map((issue) => ({ ...issue, kind: issue.code }));
  const data = v.safeParse(v.object({ data: v.record(v.string(), v.unknown()) }), event);
  if (!data.success || own.some(({ code }) => code === "event_too_large")) return own;
  const violations = check(data.output.data).map(({ path, keyword, message }) => ({
    ...{ code: "schema_violation", path: `/data${path}`, kind: keyword, message },
  }));
  return [...own, ...violations];
}

const NO_TYPES = rulesOf({ unregistered: "accept", types: [] });

function newTally() {
  const totals = { stored: { checked: 0, pass: 0, fail: 0 }, failed: { checked: 0, pass: 0, fail: 0 } };
  const groups = new Map<string, Check["groups"][number]>();
  return {
    add(
      kind: "stored" | "failed",
      faults: Fault[],
      sample: Omit<Check["groups"][number]["samples"][number], "message">,
    ) {
      totals[kind].checked += 1;
      totals[kind][faults.length === 0 ? "pass" : "fail"] += 1;
      const different = new Map(
        faults.map((fault) => [`${fault.code} ${countedPath(fault.path)} ${fault.kind}`, fault]),
      );
      for (const [key, fault] of different) {
        const { code, path, kind: why, message } = fault;
        const group = groups.get(key) ?? {
          code,
          path: countedPath(path),
          kind: why,
          stored: 0,
          failed: 0,
          samples: [],
        };
        group[kind] += 1;
        if (group.samples.length < MAX_SAMPLES) group.samples.push({ ...sample, message });
        groups.set(key, group);
      }
    },
    result(): Check {
      const all = [...groups.values()].sort((a, b) => b.stored + b.failed - a.stored - a.failed);
      return { ...totals, groups: all.slice(0, MAX_GROUPS) };
    },
  };
}

function typeOf(c: Context<AppEnv>): { category: string; name: string } {
  return { category: c.req.param("category") ?? "", name: c.req.param("name") ?? "" };
}
