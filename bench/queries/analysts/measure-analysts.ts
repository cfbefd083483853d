import { statSync } from "node:fs";
import { ProgressBar } from "../../shared/progress-bar.ts";
import { databaseFiles, hasRows } from "../data/database-file.ts";
import { cacheFolder, datasetOf } from "../data/dataset.ts";
import { type History, planHistory } from "../data/history.ts";
import { startQueryPlatform } from "../query-platform.ts";
import { placesOf } from "../questions/question.ts";
import { type AnalystQuestion, analystQuestions } from "./analyst-questions.ts";
import { type AnalystAnswer, askAnalysts } from "./ask-analysts.ts";
import { askLayouts } from "./other-layouts/ask-layouts.ts";
import { fillLayouts } from "./other-layouts/fill-layouts.ts";
import { POSTHOG } from "./other-layouts/posthog.ts";
import { UMAMI } from "./other-layouts/umami.ts";
import type { AnalystResult } from "./report-analysts.ts";

const LAYOUTS = [UMAMI, POSTHOG];

/** Asks the questions of analysts of a filled history, and with `isCompared` of the other layouts too. */
export async function measureAnalysts(
  events: number,
  script: string,
  { runs, isCompared }: { runs: number; isCompared: boolean },
): Promise<AnalystResult> {
  const history = planHistory(events, "large");
  const { storage } = await datasetOf(history, script, () => undefined);
  const questions = analystQuestions(placesOf(history, 1));
  const answers = await askTheEye(storage, script, questions, { events, runs });
  const file = databaseFiles(storage).find((one) => hasRows(one, "properties"));
  if (file === undefined) throw new Error(`${storage} has no database with declared properties`);
  const others = isCompared ? await askOthers(history, file, questions, runs) : { bytes: {}, costs: {} };
  const perEvent = (bytes: number) => bytes / events;
  return {
    events,
    answers,
    bytesPerEvent: { "The Eye": perEvent(statSync(file).size), ...others.bytes },
    others: others.costs,
  };
}

async function askTheEye(
  storage: string,
  script: string,
  questions: readonly AnalystQuestion[],
  { events, runs }: { events: number; runs: number },
): Promise<AnalystAnswer[]> {
  const bar = new ProgressBar(`${events} events: questions of analysts`);
  const platform = await startQueryPlatform(storage, script);
  try {
    return await askAnalysts(platform, questions, runs, (done) => bar.show(done, questions.length));
  } finally {
    bar.end();
    await platform.stop();
  }
}

async function askOthers(history: History, from: string, questions: readonly AnalystQuestion[], runs: number) {
  const filling = new ProgressBar(`${history.events} events: filling other layouts`);
  const filled = await fillLayouts(history, { layouts: LAYOUTS, from, cache: cacheFolder() }, (done, of) =>
    filling.show(done, of),
  );
  filling.end();
  const asking = new ProgressBar(`${history.events} events: asking other layouts`);
  const of = LAYOUTS.length * questions.filter(({ elsewhere }) => elsewhere !== null).length;
  const costs = await askLayouts(LAYOUTS, filled.storage, { questions, runs }, (done) => asking.show(done, of));
  asking.end();
  const bytes = Object.fromEntries([...filled.bytes].map(([{ name }, own]) => [name, own / history.events]));
  return { bytes, costs };
}
