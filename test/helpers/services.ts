/**
 * The services of a compose file as plain processes: each by its own command, with the environment of its image, its own and nothing else.
 * Where one calls another by its name and port, it calls a free port of this machine; a volume is a folder, and a secret the file it is
 * made from.
 */
import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { dirname, join } from 'node:path';
import { parseEnv } from 'node:util';
import { type Compose, commandLine, type Health, healthLine, imageEnvironment, imageHealth, readCompose, type Service } from './compose.ts';
import { freePort, root, type Shell, type Started } from './shell.ts';

const [REDIS_PORT, SERVER_PORT] = ['6379', '4200'];
const isServer = ({ command }: Service) => command.slice(0, 3).join(' ') === 'bgtask server start';

/** The port that a service says it listens at. */
function portOf(service: Service): string {
  const { BGTASK_PORT = SERVER_PORT, PORT = REDIS_PORT } = service.environment ?? {};
  return isServer(service) ? BGTASK_PORT : PORT;
}

const dockerfileOf = ({ build }: Service): string | null => (build === undefined ? null : join(root, build.dockerfile));
/** Its own, or that of its image. */
export function healthOf(service: Service): Health | undefined {
  const dockerfile = dockerfileOf(service);
  return service.healthcheck ?? (dockerfile === null ? undefined : imageHealth(dockerfile));
}

export class Services {
  readonly all: ReadonlyMap<string, Service>;
  readonly #file: Compose;
  readonly #shell: Shell;
  readonly #folder: string;
  readonly #ports: ReadonlyMap<string, number>;
  readonly #variables: Readonly<Record<string, string>>;
  readonly #started = new Map<string, readonly Started[]>();

  private constructor(
    shell: Shell,
    path: string,
    file: Compose,
    ports: ReadonlyMap<string, number>,
    variables: Readonly<Record<string, string>>,
  ) {
    this.all = new Map(Object.entries(file.services));
    this.#file = file;
    this.#shell = shell;
    this.#folder = dirname(path);
    this.#ports = ports;
    this.#variables = variables;
  }

  /** @param variables Take the place of `${NAME:-default}` in an environment and in the name of a file of it. */
  static async open(shell: Shell, path: string, variables: Readonly<Record<string, string>> = {}): Promise<Services> {
    const file = readCompose(path);
    const ports = new Map<string, number>();
    for (const name of Object.keys(file.services)) ports.set(name, await freePort());
    return new Services(shell, path, file, ports, variables);
  }

  port(name: string): number {
    return this.#ports.get(name) as number;
  }

  url(name: string): string {
    return `http://127.0.0.1:${this.port(name)}`;
  }

  /** Where the folder of the compose file would have the secret: under the home of the shell. */
  secretFile(name: string): string {
    return join(this.#shell.home, this.#file.secrets[name]?.file ?? '');
  }

  /** Starts a service, as many processes as it has replicas. */
  start(name: string): readonly Started[] {
    const { command, deploy } = this.#service(name);
    const own = command[0] === 'redis-server' ? ` --port ${this.port(name)} --bind 127.0.0.1 --dir ${this.#volume(name)}` : '';
    const line = this.#inside(name, commandLine(command) + own);
    const started = Array.from({ length: deploy?.replicas ?? 1 }, () => this.#shell.start(line, this.#folder));
    this.#started.set(name, started);
    return started;
  }

  /** Whether the service's health check is content. */
  async isHealthy(name: string): Promise<boolean> {
    const service = this.#service(name);
    const check = healthOf(service);
    if (check === undefined) throw new Error(`The service ${name} has no health check.`);
    const here = healthLine(check)
      .replace(`127.0.0.1:${portOf(service)}`, `127.0.0.1:${this.port(name)}`)
      .replace(/^redis-cli/, `redis-cli -p ${this.port(name)}`);
    return (await this.#shell.run(this.#inside(name, here), this.#folder)).code === 0;
  }

  async untilHealthy(name: string): Promise<void> {
    while (!(await this.isHealthy(name))) {
      const gone = this.#started.get(name)?.find(({ child }) => child.exitCode !== null);
      if (gone) throw new Error(`The service ${name} has ended.${gone.told()}`);
    }
  }

  #service(name: string): Service {
    const service = this.all.get(name);
    if (service === undefined) throw new Error(`There is no service ${name}.`);
    return service;
  }

  #volume(name: string): string {
    const folder = join(this.#shell.home, 'volumes', name);
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    return folder;
  }

  /** The command in the environment of the service, and in no other. */
  #inside(name: string, command: string): string {
    const own = Object.entries(this.#environment(name)).map(([key, value]) => [key, this.#here(name, key, value)]);
    const all = [['PATH', this.#shell.env.PATH], ['HOME', this.#shell.home], ['HOSTNAME', hostname()], ...own];
    return `env -i ${all.map(([key, value]) => `${key}='${value}'`).join(' ')} ${command}`;
  }

  /** Of the image, of files, and its own, as the container would have it; what stands later counts. */
  #environment(name: string): Record<string, string> {
    const service = this.#service(name);
    const dockerfile = dockerfileOf(service);
    const { PATH: _, ...image } = dockerfile === null ? {} : imageEnvironment(dockerfile);
    const files = (service.env_file ?? []).map((file) => parseEnv(readFileSync(join(this.#folder, this.#chosen(file)), 'utf8')));
    return Object.assign(isServer(service) ? { BGTASK_PORT: SERVER_PORT } : {}, image, ...files, service.environment);
  }

  /** `${NAME:-default}` as it is with the variables of these services. */
  #chosen(value: string): string {
    const [, variable, otherwise = ''] = /^\$\{(\w+):-(.*)\}$/.exec(value) ?? [];
    return variable === undefined ? value : (this.#variables[variable] ?? otherwise);
  }

  /** What a variable of a service says when it is a process of this machine. */
  #here(name: string, key: string, value: string): string {
    const { secrets = [] } = this.#service(name);
    if (key === 'PORT' || key === 'BGTASK_PORT') return String(this.port(name));
    if (key === 'BGTASK_HOME') return this.#volume(name);
    const secret = secrets.find((one) => value === `/run/secrets/${one}`);
    if (secret !== undefined) return this.secretFile(secret);
    const [, scheme, host = '', port, path] = /^(\w+:\/\/)([\w-]+):(\d+)(\/.*)?$/.exec(value) ?? [];
    const other = this.all.get(host);
    if (other === undefined) return this.#chosen(value);
    if (portOf(other) !== port) throw new Error(`${name}: ${key} is ${value}, but ${host} listens at ${portOf(other)}.`);
    return `${scheme}127.0.0.1:${this.port(host)}${path ?? ''}`;
  }
}

/** Whether there is a `redis-server` to start. */
export const hasRedis = spawnSync('redis-server', ['--version']).status === 0;
