import { checkAlerts } from "./alerting/check-alerts";
import { createApp } from "./api/app";
import { ruleSourceOf } from "./api/rule-source";
import { parseConfig } from "./model/config";
import { MAX_ERRORS_PER_STEP } from "./model/replay";
import { consume, type Pipeline } from "./pipeline/consumer";
import { consumeDeadLetters } from "./pipeline/dead-letters";
import { consumeReplays, type ReplayPipeline } from "./pipeline/replay";
import { databasesOf } from "./storage/databases";
import { writeBatch } from "./storage/write-batch";

/** Under the name that deployments know: another one would be a migration of its class. */
export { SessionGroup as Session } from "./pipeline/session-group";

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
    const watching = {
      databases: databasesOf(env),
      fetch: (url: string, init: RequestInit) => fetch(url, init),
      allowInsecureHosts: parseConfig(env).alertsAllowInsecureHosts,
      clock: () => Date.now() * 1000,
      log,
    };
    await checkAlerts(watching, scheduledTime * 1000);
  },
} satisfies ExportedHandler<Env, unknown>;

function pipelineOf(env: Env): Pipeline & ReplayPipeline {
  return {
    databases: databasesOf(env),
    callGroup: (group, call) => env.SESSIONS.getByName(group).accept(call),
    write: writeBatch,
    sendDeadLetter: async (body) => {
      await env.DEAD_LETTERS.send(body);
    },
    sendReplay: async (message, delaySeconds) => {
      await env.REPLAYS.send(message, { delaySeconds });
    },
    errorsPerStep: MAX_ERRORS_PER_STEP,
    now: () => Date.now() * 1000,
    rules: (receipts) => ruleSourceOf(env).read(receipts),
    config: parseConfig(env),
    log,
  };
}

function log(line: Record<string, unknown>): void {
  console.log(JSON.stringify(line));
}
