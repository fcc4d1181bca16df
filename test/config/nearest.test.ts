import { describe, expect, test } from 'vitest';
import { nearest } from '../../src/config/nearest.ts';

const KEYS = ['API_URL', 'API_KEY', 'HOME', 'STORE', 'LIMIT', 'LOG_LEVEL', 'PROFILE'];

describe('the nearest known word', () => {
  test.each([
    ['API_ULR', 'API_URL'],
    ['api_url', 'API_URL'],
    ['APIKEY', 'API_KEY'],
    ['LIMITS', 'LIMIT'],
    ['LOGLEVEL', 'LOG_LEVEL'],
    ['STROE', 'STORE'],
  ])('of %s is %s', (word, meant) => {
    expect(nearest(word, KEYS)).toBe(meant);
  });

  test('is none where nothing is near', () => {
    expect(nearest('DATABASE', KEYS)).toBeNull();
    expect(nearest('', KEYS)).toBeNull();
    expect(nearest('x', [])).toBeNull();
  });

  test('is the first of several that are equally near', () => {
    expect(nearest('server sta', ['server start', 'server stop'])).toBe('server start');
  });
});
