/** Starts server, worker and app, posts a value, shows the log of its run, and stops all three. */
import { type ChildProcess, execSync, spawn } from 'node:child_process';
import { once } from 'node:events';

const started: ChildProcess[] = [];

/** Resolves with what the command said when it was ready. */
function start(command: string, ready: RegExp): Promise<string> {
  console.log(`$ ${command}`);
  const child = spawn(command, { shell: true, detached: true, stdio: ['ignore', 'pipe', 'inherit'] });
  started.push(child);
  return new Promise((resolve, reject) => {
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      process.stdout.write(text);
      const said = ready.exec(text);
      if (said) resolve(said[1] ?? '');
    });
    child.once('exit', (code) => reject(new Error(`It ended with ${code}: ${command}`)));
  });
}

async function stop(child: ChildProcess): Promise<void> {
  if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
  const closed = once(child, 'close');
  process.kill(-child.pid, 'SIGTERM'); // npx and what it started
  await closed;
}

async function post(url: string, value: unknown): Promise<string> {
  const headers = { 'content-type': 'application/json' };
  const answer = await fetch(url, { method: 'POST', headers, body: JSON.stringify({ value }) });
  return ((await answer.json()) as { message: string }).message;
}

process.on('SIGINT', () => started.map(stop)); // Ctrl-C does not reach them, and what follows fails without them
try {
  process.env.BGTASK_API_URL = await start('npx bgtask server start --port 0 --store memory:', /listens on (\S+)/);
  await start('npx bgtask task serve tasks.ts', /ready/);
  process.env.PORT = '0'; // any that is free
  const app = await start('npx tsx app.ts', /Listening on (\S+)/);

  const message = await post(app, "Don't panic!");
  console.log(message);
  const logs = `npx bgtask run logs ${message.split(' ').at(-1)} --follow`; // until the run has ended
  console.log(`$ ${logs}`);
  execSync(logs, { stdio: 'inherit' });
} finally {
  for (const child of started.toReversed()) await stop(child);
  console.log('All stopped.');
}
