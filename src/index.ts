import { checkAlerts } from "./alerting/check-alerts";
import { createApp } from "./api/app";
import { parseConfig } from "./model/config";
import { MAX_ERRORS_PER_STEP } from "./model/replay";
import { cleanUpSessions } from "./pipeline/clean-up";
import { consume, type Pipeline } from "./pipeline/consumer";
import { consumeDeadLetters } from "./pipeline/dead-letters";
import { consumeReplays, type ReplayPipeline } from "./pipeline/replay";
import { isolateRules } from "./rules/rule-source";
import { databasesOf } from "./storage/databases";
import { writeBatch } from "./storage/write-batch";

export { Session } from "./pipeline/session";

const app = createApp();

export default {
  fetch: app.fetch,

  async queue(batch, env) {
    const pipeline = pipelineOf(env);
    if (batch.queue.endsWith("dead-letters")) await consumeDeadLetters(batch, pipeline);
    else if (batch.queue.endsWith("replays")) await consumeReplays(batch, pipeline);
    else await consume(batch, pipeline);
  },

  async scheduled({ scheduledTime }, env) {
    const databases = databasesOf(env);
    const watching = {
      databases,
      fetch: (url: string, init: RequestInit) => fetch(url, init),
      allowInsecureHosts: parseConfig(env).alertsAllowInsecureHosts,
      clock: () => Date.now() * 1000,
      log,
    };
    const cleanUp = (session: string) => env.SESSIONS.getByName(session).cleanUp();
    // Neither is cut short by the other's failure.
    const results = await Promise.allSettled([
      checkAlerts(watching, scheduledTime * 1000),
      cleanUpSessions({ databases, cleanUp, now: Date.now, log }),
    ]);
    for (const result of results) if (result.status === "rejected") throw result.reason;
  },
} satisfies ExportedHandler<Env, unknown>;

function pipelineOf(env: Env): Pipeline & ReplayPipeline {
  return {
    databases: databasesOf(env),
    callSession: (call) => env.SESSIONS.getByName(call.session).accept(call),
    write: writeBatch,
    sendDeadLetter: async (body) => {
      await env.DEAD_LETTERS.send(body);
    },
    sendReplay: async (message, delaySeconds) => {
      await env.REPLAYS.send(message, { delaySeconds });
    },
    errorsPerStep: MAX_ERRORS_PER_STEP,
    now: () => Date.now() * 1000,
    rules: () => isolateRules.read(env.KEYS),
    config: parseConfig(env),
    log,
  };
}

function log(line: Record<string, unknown>): void {
  console.log(JSON.stringify(line));
}
