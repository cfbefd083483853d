import type { Context } from "hono";
import { answer } from "../../http/answer";
import type { AppEnv } from "../../http/app-env";
import { askedApplications } from "../../http/auth/visible-applications";
import { Refusal } from "../../http/problem";
import { answerFrom } from "../../http/reading";
import { parseJsonBody } from "../../http/request/parse-json-body";
import { compileSchema } from "../../rules/compile-schema";
import { proposeSchema } from "../../rules/propose-schema";
import { readSchema } from "../../rules/read-schema";
import { refuseSchema } from "./event-type-answers";
import { newestErrors, newestEvents } from "./event-type-samples";
import { CheckInput } from "./trial-schemas";
import { trySchema } from "./try-schema";

/** `GET /theeye/event-types/{category}/{name}/proposal`: a schema derived from the stored events of a type. */
export async function showProposal(c: Context<AppEnv>): Promise<Response> {
  const type = typeOf(c);
  const applications = askedApplications(c);
  if (applications instanceof Refusal) return applications.response();
  return answerFrom(async () => {
    const found = await newestEvents(c.env, type, applications);
    const schema = found.length === 0 ? null : proposeSchema(found.map(({ data }) => JSON.parse(data)));
    return answer({ ...type, drawn_from: found.length, schema });
  });
}

/** `POST /theeye/event-types/{category}/{name}/check`: validates the newest events of a type with a candidate schema. */
export async function checkSchema(c: Context<AppEnv>): Promise<Response> {
  const type = typeOf(c);
  const applications = askedApplications(c);
  if (applications instanceof Refusal) return applications.response();
  const input = await parseJsonBody(c.req.raw, CheckInput);
  if (input instanceof Refusal) return input.response();
  const refusal = refuseSchema(input.schema);
  if (refusal !== null) return refusal.response();
  const read = readSchema(input.schema ?? {});
  if (!read.ok) throw new Error("an accepted schema cannot be compiled");
  const check = compileSchema(read.schema);

  return answerFrom(async () => {
    const [stored, failed] = await Promise.all([
      newestEvents(c.env, type, applications),
      newestErrors(c.env, type, applications),
    ]);
    const { futureToleranceMicros } = c.var.config;
    return answer(trySchema(check, { stored, failed }, futureToleranceMicros));
  });
}

function typeOf(c: Context<AppEnv>): { category: string; name: string } {
  return { category: c.req.param("category") ?? "", name: c.req.param("name") ?? "" };
}
