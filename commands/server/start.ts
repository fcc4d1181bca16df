import { join } from 'node:path';
import { startAgain, tellUp } from '../../src/cli/background.ts';
import { BgtaskCommand } from '../../src/cli/command.ts';
import { greeting, reaching, startLocalServer, untilFailed } from '../../src/cli/local-server.ts';
import { serverFlags, serverOptions } from '../../src/cli/server-flags.ts';
import { untilStopped } from '../../src/cli/stop.ts';

export default class ServerStart extends BgtaskCommand {
  static override summary = 'Start the local server.';
  static override description = 'Prints its URL when it is ready. Ctrl-C stops it; what it took in stays in the store.';
  static override examples = [
    '<%= config.bin %> server start',
    '<%= config.bin %> server start --port 0 --store memory:',
    '<%= config.bin %> server start --background',
  ];
  static override flags = serverFlags;
  protected override readonly outlivesReader = true;

  async run(): Promise<void> {
    const { flags } = await this.parse(ServerStart);
    const settings = this.settings(flags);
    if (flags.background) {
      const status = await startAgain(join(settings.home.data, 'servers', 'background.log'));
      return this.print(status, greeting(status, performance.now(), reaching('bgtask server stop', status, settings)));
    }
    const [{ openStore }, { startServer }] = await Promise.all([import('../../src/store/open.ts'), import('../../src/server/server.ts')]);
    const options = serverOptions(flags, this.config.version, (line) => this.note(line));
    const server = await startLocalServer({ openStore, startServer }, settings, options);
    if (flags['no-auth']) this.warn('It asks for no key: every user of this machine can submit runs and read them.');
    const next = reaching('bgtask task serve tasks.ts', server.status, settings);
    this.print(server.status, greeting(server.status, performance.now(), next));
    tellUp(server.status);
    await untilStopped(untilFailed(server), () => server.stop());
  }
}
