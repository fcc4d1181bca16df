import { expect, test } from 'vitest';
import { capMs } from '../../src/client/backoff.ts';

const caps = (url: string) => Array.from({ length: 9 }, (_, failures) => capMs(url, failures));

test.each(['https://tasks.example/api', 'http://10.0.0.7:4200/api', 'http://127.0.0.1.example/api', 'http://localhost.example:80/api'])(
  'the cap for %s doubles from 0.1 s up to 10 s',
  (url) => {
    expect(caps(url)).toEqual([100, 200, 400, 800, 1_600, 3_200, 6_400, 10_000, 10_000]);
  },
);

test.each(['http://127.0.0.1:4200/api', 'http://localhost:4200/api', 'http://[::1]:4200/api', 'http://127.1.2.3'])(
  'for %s, on this machine, up to 2 s',
  (url) => {
    expect(caps(url)).toEqual([100, 200, 400, 800, 1_600, 2_000, 2_000, 2_000, 2_000]);
  },
);
