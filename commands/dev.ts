import { string } from '@oclif/core/args';
import { BgtaskCommand } from '../src/cli/command.ts';
import { develop, devFlags, devSettings, type Notices } from '../src/cli/dev.ts';
import { greeting } from '../src/cli/local-server.ts';
import type { Settings } from '../src/config/config.ts';

export default class Dev extends BgtaskCommand {
  static override summary = 'Server, worker and run viewer in one terminal.';
  static override description = 'The store is ./.bgtask/store. The worker loads the files again when they change. q ends all three.';
  static override examples = ['<%= config.bin %> dev tasks.ts'];
  static override args = {
    file: string({ required: true, multiple: true, ignoreStdin: true, description: 'files with tasks' }),
  };
  static override flags = devFlags;
  protected override readonly outlivesReader = true;

  async run(): Promise<void> {
    const { args, flags } = await this.parse(Dev);
    const settings = devSettings(this.settings(flags));
    const [{ openStore }, { startServer }] = await Promise.all([import('../src/store/open.ts'), import('../src/server/server.ts')]);
    const { serveFiles } = await import('../src/worker/serve.ts');
    await develop(
      { openStore, startServer, serveFiles },
      {
        ...{ settings, flags, files: args.file, version: this.config.version },
        note: (line) => this.note(line),
        up: (status, next) => this.print(status, greeting(status, performance.now(), next)),
        console: (write) => this.workerConsole(settings, write),
        view: this.isLive() ? (beside, notices) => this.#view(beside, notices) : null,
      },
    );
  }

  async #view(settings: Settings, { subscribe }: Notices): Promise<void> {
    const [{ runViewer }, client] = await Promise.all([import('#tui'), this.connect(settings)]);
    const [filter, limit, url] = [{}, 1_000, settings.apiUrl];
    await runViewer({ client, filter, limit, url, stdin: process.stdin, stdout: process.stdout, notices: subscribe });
  }
}
