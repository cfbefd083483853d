/**
 * What `npm start` needs to end in good order: the local queue is in memory, so what was accepted must be stored before the process
 * ends. The local platform runs the whole service in one isolate, so counting in memory is enough. Never used in a deployment.
 */

/** Messages that a consumer has been given and has not acknowledged: in hand, or waiting to be tried again. */
const unfinished = new Set<string>();

let stopping = false;

/** From now on requests with events are refused, so that the queue can empty. */
export function stopAccepting(): void {
  stopping = true;
}

export function isStopping(): boolean {
  return stopping;
}

export function unfinishedMessages(): number {
  return unfinished.size;
}

/** The batch, with a note of which of its messages are acknowledged. */
export function observed(batch: MessageBatch<unknown>): MessageBatch<unknown> {
  const messages = batch.messages.map((message) => {
    const key = `${batch.queue} ${message.id}`;
    unfinished.add(key);
    return {
      ...{ id: message.id, timestamp: message.timestamp, body: message.body, attempts: message.attempts },
      ack: () => {
        unfinished.delete(key);
        message.ack();
      },
      retry: (options?: QueueRetryOptions) => message.retry(options),
    };
  });
  return { queue: batch.queue, metadata: batch.metadata, messages, ackAll: () => {}, retryAll: () => {} };
}
