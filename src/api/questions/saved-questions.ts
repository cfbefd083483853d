import { type Context, Hono } from "hono";
import * as v from "valibot";
import { answer } from "../../http/answer";
import type { AppEnv } from "../../http/app-env";
import { requireScope } from "../../http/auth/authenticate";
import { withLinksFrom } from "../../http/links";
import { pageResponse, readCursor } from "../../http/page";
import { problem, Refusal } from "../../http/problem";
import { takesNoParameters } from "../../http/request/no-parameters";
import { readParameters, refuseParameter } from "../../http/request/parameters";
import { parseJsonBody } from "../../http/request/parse-json-body";
import { plainMessage } from "../../model/plain-message";
import { requestOf, type SavedKind, type SavedMembers } from "../../model/questions/saved-question";
import { formatTimestamp } from "../../model/time/time";
import {
  listQuestions,
  loadQuestion,
  type SavedQuestion,
  saveQuestion,
  versionsOf,
} from "../../storage/admin/saved-questions";
import { databasesOf, firstDatabase } from "../../storage/core/databases";
import {
  QuestionInput,
  QuestionNameSchema,
  QuestionsParameters,
  RunInput,
  type SavedQuestionSchema,
  VersionParameters,
} from "./saved-question-schemas";

/** Sends a request to the service itself, with the key of the current request. */
export type AskItself = (request: Request, env: Env) => Promise<Response> | Response;

/** `/theeye/questions`: questions that are saved by name, in versions, and run by name. */
export function savedQuestions(ask: AskItself): Hono<AppEnv> {
  const app = new Hono<AppEnv>({ strict: false });
  app.use(requireScope("read"));

  app.get("/", async (c) => {
    const question = readParameters(c.req.url, QuestionsParameters);
    if (question instanceof Refusal) return question.response();
    const after = readCursor(question, "questions", v.strictTuple([QuestionNameSchema]));
    if (after instanceof Refusal) return after.response();
    const { rows, next } = await listQuestions(homeOf(c), { after: after?.[0] ?? null, limit: question.limit });
    const list = { question, name: "questions", place: next === null ? null : [next] };
    return pageResponse(c.req.url, list, { results: rows.map(render) });
  });

  app.get("/:name", async (c) => {
    const parameters = readParameters(c.req.url, VersionParameters);
    if (parameters instanceof Refusal) return parameters.response();
    const saved = await loadQuestion(homeOf(c), c.req.param("name"), parameters.version ?? null);
    const isGone = saved === null || (saved.question === null && parameters.version === undefined);
    return isGone ? noQuestion() : answer(render(saved));
  });

  app.get("/:name/versions", async (c) => {
    const question = readParameters(c.req.url, QuestionsParameters);
    if (question instanceof Refusal) return question.response();
    const saved = c.req.param("name");
    const asked = { ...question, saved };
    const before = readCursor(asked, "question versions", v.strictTuple([v.pipe(v.number(), v.safeInteger())]));
    if (before instanceof Refusal) return before.response();
    const { limit } = question;
    const { rows, next } = await versionsOf(homeOf(c), saved, { before: before?.[0] ?? null, limit });
    if (rows.length === 0 && before === null) return noQuestion();
    const list = { question: asked, name: "question versions", place: next === null ? null : [next] };
    return pageResponse(c.req.url, list, { results: rows.map(render) });
  });

  app.put("/:name", takesNoParameters, (c) => save(c, c.req.param("name"), ask));

  app.delete("/:name", takesNoParameters, async (c) => {
    const latest = await loadQuestion(homeOf(c), c.req.param("name"), null);
    if (latest === null || latest.question === null) return noQuestion();
    const { kind, name, version } = latest;
    const removal = {
      name,
      kind,
      version: version + 1,
      question: null,
      description: null,
      savedAt: Date.now() * 1_000,
    };
    const saving = await saveQuestion(homeOf(c), removal);
    return saving === "saved" ? c.body(null, 204) : refuseSaving(saving).response();
  });

  app.post("/:name/run", (c) => run(c, c.req.param("name"), ask));

  return app;
}

async function save(c: Context<AppEnv>, name: string, ask: AskItself): Promise<Response> {
  const named = v.safeParse(QuestionNameSchema, name);
  if (!named.success) return refuseParameter("name", `${plainMessage(named.issues[0])}.`).response();
  const input = await parseJsonBody(c.req.raw, QuestionInput);
  if (input instanceof Refusal) return input.response();
  const { kind, question, description = null } = input;
  // Run once, because only the operation can validate its input. A job started by this serves the next run too.
  const trial = await askSaved(c, ask, kind, question);
  if (trial.status >= 400) return trial;
  await trial.body?.cancel();
  const latest = await loadQuestion(homeOf(c), name, null);
  const isSame =
    latest !== null &&
    latest.kind === kind &&
    latest.description === description &&
    JSON.stringify(latest.question) === JSON.stringify(question);
  if (isSame) return answer(render(latest));
  const saved = { name, kind, question, description, version: (latest?.version ?? 0) + 1, savedAt: Date.now() * 1_000 };
  const saving = await saveQuestion(homeOf(c), saved);
  if (saving !== "saved") return refuseSaving(saving).response();
  return answer(render(saved), saved.version === 1 ? 201 : 200);
}

async function run(c: Context<AppEnv>, name: string, ask: AskItself): Promise<Response> {
  const parameters = readParameters(c.req.url, VersionParameters);
  if (parameters instanceof Refusal) return parameters.response();
  const hasBody = c.req.raw.body !== null && (await c.req.raw.clone().text()) !== "";
  const instead = hasBody ? await parseJsonBody(c.req.raw, RunInput) : {};
  if (instead instanceof Refusal) return instead.response();
  const saved = await loadQuestion(homeOf(c), name, parameters.version ?? null);
  if (saved === null || saved.question === null) return noQuestion();
  return askSaved(c, ask, saved.kind, { ...saved.question, ...instead });
}

async function askSaved(c: Context<AppEnv>, ask: AskItself, kind: SavedKind, members: SavedMembers): Promise<Response> {
  const { method, path, body } = requestOf(kind, members);
  const url = new URL(path, c.req.url);
  const key = new URL(c.req.url).searchParams.get("key");
  if (key !== null) url.searchParams.set("key", key);
  const headers = new Headers();
  for (const name of ["Authorization", "X-Write-Key", "Origin"]) {
    const value = c.req.header(name);
    if (value !== undefined) headers.set(name, value);
  }
  return withLinksFrom(await ask(new Request(url, { method, headers, body }), c.env), url, c.req);
}

function homeOf(c: Context<AppEnv>) {
  return firstDatabase(databasesOf(c.env));
}

function noQuestion(): Response {
  return problem("not_found", "There is no saved question with this name and version.");
}

function refuseSaving(saving: "full" | "changed"): Refusal {
  return saving === "full"
    ? new Refusal("conflict", "There are too many saved questions, or versions of this one. Use another name.")
    : new Refusal("conflict", "Someone else saved this question at the same time. Read it, then save again.");
}

function render({ savedAt, ...rest }: SavedQuestion): v.InferOutput<typeof SavedQuestionSchema> {
  return { ...rest, saved_at: formatTimestamp(savedAt) };
}
