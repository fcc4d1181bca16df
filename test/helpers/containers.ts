/** What holds for every example that runs in containers: its image, and its services beside what they do. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { imageEnvironment, readCompose } from './compose.ts';
import { readPage } from './pages.ts';
import { healthOf } from './services.ts';
import { root } from './shell.ts';

type Package = Readonly<Record<'dependencies' | 'devDependencies', Readonly<Record<string, string>>>>;

/** What the examples are tested with. */
export function installedVersions(): Record<string, string> {
  const { dependencies, devDependencies } = JSON.parse(readPage('package.json')) as Package;
  return { ...dependencies, ...devDependencies };
}

/** @param example Its folder, from the root. */
export function testContainers(example: string): void {
  describe('Dockerfile', () => {
    testImage(example);
  });

  describe('compose.yaml', () => {
    const { services, secrets } = readCompose(join(root, example, 'compose.yaml'));
    const own = Object.entries(services).filter(([, { build }]) => build !== undefined);

    test('builds one image, whose containers are read-only and have no rights beyond those of their user', () => {
      expect(new Set(own.map(([, { build }]) => build?.dockerfile))).toEqual(new Set([`${example}/Dockerfile`]));
      for (const [name, service] of own) {
        expect({ name, ...service }).toMatchObject({ init: true, read_only: true, cap_drop: ['ALL'] });
      }
    });

    test('has a health check for each service that stays', () => {
      const staying = Object.entries(services).filter(([, { profiles }]) => profiles === undefined);
      expect(staying.filter(([, service]) => healthOf(service) === undefined).map(([name]) => name)).toEqual([]);
    });

    test('has a server that keeps its name and its store, without which it would not take up what one before it left in a hurry', () => {
      expect(services.server).toMatchObject({ hostname: 'server', volumes: ['store:/data'] });
      const environment = { ...imageEnvironment(join(root, example, 'Dockerfile')), ...services.server?.environment };
      expect(environment.BGTASK_HOME).toBe('/data');
    });

    test('takes its secrets from a folder that git ignores', () => {
      expect(Object.values(secrets).map(({ file }) => file)).toEqual(['./secrets/bgtask-key']);
      expect(readPage(`${example}/.gitignore`).split('\n')).toContain('secrets/');
    });
  });
}

function testImage(example: string): void {
  const page = readPage(`${example}/Dockerfile`);
  const lines = page.split('\n');

  test('makes the image in stages, and its processes are not root', () => {
    const last = lines.slice(lines.findLastIndex((line) => line.startsWith('FROM ')));
    expect(lines.filter((line) => line.startsWith('FROM ')).length).toBeGreaterThan(1);
    expect(last.filter((line) => /^(USER|CMD) /.test(line))).toEqual(['USER node', expect.stringMatching(/^CMD \[/)]);
  });

  test('copies what is there', () => {
    const copied = lines.flatMap((line) => /^COPY (?!--from)(.*) \S+$/.exec(line)?.[1]?.split(' ') ?? []);
    expect(copied).toContain('package-lock.json');
    expect(copied.filter((path) => !existsSync(join(root, path.replace(/\*.*$/, ''))))).toEqual([]);
  });

  test('installs what the example is tested with', () => {
    const named = [...page.matchAll(/ ([a-z][a-z-]*@\d[\d.]*)/g)].map(([, name = '']) => name);
    const listed = join(root, example, 'docker/package.json');
    const { dependencies = {} } = existsSync(listed) ? (JSON.parse(readFileSync(listed, 'utf8')) as Partial<Package>) : {};
    const all = [...named, ...Object.entries(dependencies).map(([name, version]) => `${name}@${version}`)];
    const tested = Object.entries({ ...installedVersions(), bgtask: 'file:bgtask.tgz' }).map(([name, version]) => `${name}@${version}`);
    expect(all).toContain(`fastify@${installedVersions().fastify}`);
    expect(all.filter((name) => !tested.includes(name))).toEqual([]);
  });
}
