/** Processes of a benchmark: started, awaited until they say something, stopped. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';

export function start(command, args, { env = {}, cwd, stdin = 'ignore' } = {}) {
  const child = spawn(command, args, { cwd, env: { ...process.env, ...env }, stdio: [stdin, 'pipe', 'pipe'] });
  let told = '';
  const listeners = new Set();
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text) => {
      told = (told + text).slice(-100_000);
      for (const listener of listeners) listener();
    });
  }
  const ended = once(child, 'close');
  return {
    child,
    /** Resolves with the match once the process has said it. */
    says: (pattern) =>
      new Promise((resolve, reject) => {
        const look = () => {
          const match = pattern.exec(told);
          if (!match) return;
          listeners.delete(look);
          resolve(match);
        };
        listeners.add(look);
        look();
        ended.then(() => reject(new Error(`${command} ${args.join(' ')} ended first:\n${told}`)));
      }),
    told: () => told,
    async stop() {
      if (child.exitCode !== null || child.signalCode !== null) return;
      child.kill('SIGTERM');
      const late = setTimeout(() => child.kill('SIGKILL'), 15_000);
      await ended;
      clearTimeout(late);
    },
  };
}
