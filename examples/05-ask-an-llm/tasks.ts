import { runContext, task } from 'bgtask';
import { findTone, writeAnswer } from './llm.ts';

/** Answers a question in up to two lines. A question that was answered within the last minute gets the same answer again. */
export const getHelp = task(
  'getHelp',
  { retries: 10, retryDelay: '1s', timeout: '1m', cache: { key: ['inputs'], expires: '60s' } },
  async (question: string): Promise<string> => {
    const { log, meta, progress, signal } = runContext();
    if (Math.random() < 0.2) throw new Error('Out of luck; this happens one time in five.');

    progress(0, 2, 'listening to the tone');
    const tone = await findTone(question, signal);
    meta.set('tone', tone);
    log.info(`The question is ${tone}.`);

    let answer = '';
    for await (const piece of writeAnswer(question, tone, signal)) {
      answer += piece;
      progress(1, 2, `…${answer.slice(-60)}`);
    }
    progress(2, 2);
    return answer.trim().split('\n').slice(0, 2).join('\n');
  },
);
