import { homedir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { homeFolders } from '../../src/config/home.ts';

test('BGTASK_HOME holds both folders, as an absolute path', () => {
  expect(homeFolders({ BGTASK_HOME: '/srv/bgtask', XDG_CONFIG_HOME: '/x' })).toEqual({ config: '/srv/bgtask', data: '/srv/bgtask' });
  expect(homeFolders({ BGTASK_HOME: 'here' }).data).toBe(join(process.cwd(), 'here'));
});

test('an empty BGTASK_HOME is as none', () => {
  expect(homeFolders({ BGTASK_HOME: '', HOME: '/home/ford' }, 'linux')).toEqual({
    config: '/home/ford/.config/bgtask',
    data: '/home/ford/.local/share/bgtask',
  });
});

test('the XDG folders are honoured', () => {
  expect(homeFolders({ HOME: '/home/ford', XDG_CONFIG_HOME: '/c', XDG_DATA_HOME: '/d' }, 'linux')).toEqual({
    config: '/c/bgtask',
    data: '/d/bgtask',
  });
});

test('Windows keeps both in LOCALAPPDATA', () => {
  expect(homeFolders({ LOCALAPPDATA: '/local' }, 'win32')).toEqual({ config: '/local/bgtask', data: '/local/bgtask' });
});

test('without any variable the folders lie in the home of the user', () => {
  expect(homeFolders({}, 'linux').config).toBe(join(homedir(), '.config', 'bgtask'));
});
