import { ApiCommand } from '../../src/cli/command.ts';
import { stopServer } from '../../src/cli/server-status.ts';

export default class ServerStop extends ApiCommand {
  static override summary = 'Stop the local server and wait until it is gone.';
  static override description = 'Runs that workers execute go on; their outcomes are recorded when a server is back.';
  static override examples = ['<%= config.bin %> server stop'];

  async run(): Promise<{ url: string; pid: number }> {
    const { flags } = await this.parse(ServerStop);
    const settings = this.settings(flags);
    const stopped = await stopServer(settings, await this.connect(settings));
    this.note(`The server at ${stopped.url} (pid ${stopped.pid}) has stopped.`);
    return stopped;
  }
}
