import { QuestionsParameters, VersionParameters } from "../../../questions/saved-question-schemas";
import { json, type OperationPlan } from "../operation";
import { pathParameter, queryParameters } from "../parameters";
import {
  ASKING,
  FUNNEL,
  FUNNEL_ANSWER,
  QUESTION_BODY,
  QUESTION_PROBLEMS,
  questionBody,
  SAMPLE_DAY,
} from "../sample-questions";
import { JOB_STARTED } from "./jobs";

const QUESTION_NAME = "home-to-form";

const SAVED = {
  kind: "funnels",
  question: { per: "session", within_seconds: 1_800, steps: FUNNEL.steps },
  description: "From the home page to the form",
};

const SHOWN = { name: QUESTION_NAME, version: 1, ...SAVED, saved_at: "2026-01-01T00:00:00.000000Z" };

const nameParameter = pathParameter("name", "The name of the saved question.", QUESTION_NAME);

export function savedQuestionOperations(): OperationPlan[] {
  const question = { status: 200, description: "The saved question.", content: json("SavedQuestion", SHOWN) };
  return [
    {
      ...ASKING,
      method: "put",
      path: "/theeye/questions/{name}",
      operationId: "saveQuestion",
      summary: "Save a question",
      description:
        "Saves a question under a name, as a new version if the name exists. The question is run once to validate it; an error is returned as by its operation. Saving an identical question changes nothing.",
      parameters: [nameParameter],
      requestBody: {
        description: QUESTION_BODY,
        content: questionBody("QuestionInput", "A funnel over the latest days", SAVED),
      },
      answers: [{ ...question, status: 201, description: "The first version is saved." }, question],
      problems: ["invalid_json", "conflict", ...QUESTION_PROBLEMS],
    },
    {
      ...ASKING,
      method: "get",
      path: "/theeye/questions",
      operationId: "listQuestions",
      summary: "List saved questions",
      description: "Lists the latest version of each saved question, by name.",
      parameters: queryParameters(QuestionsParameters),
      answers: [
        {
          status: 200,
          description: "The saved questions.",
          content: json("SavedQuestionList", { results: [SHOWN], next: null }),
        },
      ],
    },
    {
      ...ASKING,
      method: "get",
      path: "/theeye/questions/{name}",
      operationId: "showQuestion",
      summary: "Show a saved question",
      description: "Returns the latest version, or the given one.",
      parameters: [nameParameter, ...queryParameters(VersionParameters)],
      answers: [question],
      problems: ["invalid_parameter", "not_found"],
    },
    {
      ...ASKING,
      method: "get",
      path: "/theeye/questions/{name}/versions",
      operationId: "listQuestionVersions",
      summary: "List the versions of a saved question",
      description: "Lists the versions, newest first, including removals.",
      parameters: [nameParameter, ...queryParameters(QuestionsParameters)],
      answers: [
        {
          status: 200,
          description: "The versions.",
          content: json("SavedQuestionList", { results: [SHOWN], next: null }),
        },
      ],
      problems: ["not_found"],
    },
    {
      ...ASKING,
      method: "post",
      path: "/theeye/questions/{name}/run",
      operationId: "runQuestion",
      summary: "Run a saved question",
      description:
        "Returns what the question's own operation returns. The body can override the range, time zone or accuracy for this run.",
      parameters: [nameParameter, ...queryParameters(VersionParameters)],
      requestBody: {
        description: `${QUESTION_BODY} It can be empty.`,
        content: questionBody("RunInput", "Over a given day", SAMPLE_DAY),
      },
      answers: [
        { status: 200, description: "The response of its operation.", content: json("QuestionAnswer", FUNNEL_ANSWER) },
        JOB_STARTED,
      ],
      problems: ["invalid_json", "not_found", ...QUESTION_PROBLEMS],
    },
    {
      ...ASKING,
      method: "delete",
      path: "/theeye/questions/{name}",
      operationId: "deleteQuestion",
      summary: "Remove a saved question",
      description: "Removes a saved question. Its versions stay: they can be shown and run by number.",
      parameters: [nameParameter],
      answers: [{ status: 204, description: "The question is removed." }],
      problems: ["conflict", "not_found"],
    },
  ];
}
