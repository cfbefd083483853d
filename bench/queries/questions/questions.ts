import type { History } from "../data/history.ts";
import { errorQuestions, statsQuestions } from "./count-questions.ts";
import { eventQuestions } from "./event-questions.ts";
import { placesOf, type Question } from "./question.ts";
import { sessionQuestions } from "./session-questions.ts";

/** All queries of the interface for a history, each at its places. */
export function questionsOf(history: History, places: number): Question[] {
  const asked = placesOf(history, places);
  return [...eventQuestions(asked), ...sessionQuestions(asked), ...statsQuestions(asked), ...errorQuestions(asked)];
}
