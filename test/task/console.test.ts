import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, test, vi } from 'vitest';
import { captureOutput } from '../../src/task/console.ts';
import { attempt, define } from './helpers.ts';

const textsOf = (logs: readonly { level: string; text: string }[]) => logs.map(({ level, text }) => `${level} ${text}`);

describe('what a run prints', () => {
  test('is in its log with the level of the method', async () => {
    const { logs } = await attempt(
      define(() => {
        console.log('a %s', 'b');
        console.info({ deep: { er: [1] } });
        console.debug('d');
        console.warn('w');
        console.error(new Error('boom').message);
      }),
    );
    expect(textsOf(logs)).toEqual(['info a b', 'info { deep: { er: [ 1 ] } }', 'debug d', 'warn w', 'error boom']);
  });

  test('is there once, also through methods that use others', async () => {
    const { logs } = await attempt(
      define(() => {
        console.table([{ a: 1 }]);
        console.dir({ b: 2 });
        console.assert(false, 'not so');
      }),
    );
    expect(logs).toHaveLength(3);
    expect(logs[0]?.text).toContain('(index)');
    expect(textsOf(logs.slice(1))).toEqual(['info { b: 2 }', 'warn Assertion failed: not so']);
  });

  test('is printed as ever', async () => {
    const written: string[] = [];
    captureOutput();
    const spy = vi.spyOn(process.stdout, 'write').mockImplementation((chunk) => {
      written.push(String(chunk));
      return true;
    });
    await attempt(define(() => console.log('to the terminal')));
    spy.mockRestore();
    expect(written).toEqual(['to the terminal\n']);
  });

  test('never lands in another run, whose code prints at the same time', async () => {
    const talk = define(async (name: string, ms: number) => {
      for (let n = 0; n < 3; n += 1) {
        console.log(name, n);
        await sleep(ms);
      }
    });
    const runs = await Promise.all(['Ford', 'Arthur', 'Trillian'].map((name, index) => attempt(talk, [name, index])));
    expect(runs.map(({ logs }) => logs.map((line) => line.text))).toEqual([
      ['Ford 0', 'Ford 1', 'Ford 2'],
      ['Arthur 0', 'Arthur 1', 'Arthur 2'],
      ['Trillian 0', 'Trillian 1', 'Trillian 2'],
    ]);
  });

  test('to a stream is taken line by line, and an end without a line end is not lost', async () => {
    const { logs } = await attempt(
      define(async () => {
        process.stdout.write('one\ntw');
        process.stderr.write('oh\r\n');
        await sleep(1);
        process.stdout.write(new TextEncoder().encode('o\nthree'));
      }),
    );
    expect(textsOf(logs)).toEqual(['info one', 'error oh', 'info two', 'info three']);
  });

  test('outside a run is nobody’s', async () => {
    const { logs } = await attempt(define(() => {}));
    console.log('between the runs');
    expect(logs).toEqual([]);
  });

  test('taking over a second time changes nothing', async () => {
    const { log } = console;
    captureOutput();
    expect(console.log).toBe(log);
  });
});
