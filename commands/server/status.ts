import { ApiCommand } from '../../src/cli/command.ts';
import { statusOf, statusPage } from '../../src/cli/server-status.ts';
import type { ServerStatus } from '../../src/core/api.ts';

export default class ServerStatusCommand extends ApiCommand {
  static override summary = 'Look at the running server: its address, pid, store and runs.';
  static override examples = ['<%= config.bin %> server status', '<%= config.bin %> server status --json'];

  async run(): Promise<ServerStatus> {
    const { flags } = await this.parse(ServerStatusCommand);
    const status = await statusOf(await this.connect(this.settings(flags)));
    this.log(statusPage(status));
    return status;
  }
}
