import { string as stringArg } from '@oclif/core/args';
import { ApiCommand } from '../../src/cli/command.ts';
import { serveUntilStopped } from '../../src/cli/serving.ts';
import { durationOf } from '../../src/cli/submit.ts';
import { WorkerConsole } from '../../src/cli/worker-console.ts';
import { workerFlags } from '../../src/cli/worker-flags.ts';
import { addressOf } from '../../src/config/servers.ts';

export default class TaskServe extends ApiCommand {
  static override summary = 'Run a worker for every task that the files export.';
  static override description = 'It loads them again when they change. Ctrl-C lets runs finish; a second one leaves at once.';
  static override examples = [
    '<%= config.bin %> task serve tasks.ts',
    '<%= config.bin %> task serve src/email.ts src/images.ts --limit 20 --processes 2',
    '<%= config.bin %> task serve dist/tasks.js --no-watch --drain 1m',
  ];
  static override args = {
    files: stringArg({ name: 'FILE', required: true, multiple: true, ignoreStdin: true, description: 'files with tasks' }),
  };
  static override flags = workerFlags;
  protected override readonly outlivesReader = true;

  async run(): Promise<void> {
    const { args, flags } = await this.parse(TaskServe);
    const settings = this.settings(flags);
    const { serveFiles } = await import('../../src/worker/serve.ts');
    const write = (line: string): void => void process.stdout.write(`${line}\n`);
    const shown = new WorkerConsole({ json: this.jsonEnabled(), level: settings.logLevel, write, now: () => new Date() });
    await serveUntilStopped(settings, shown, (onEvent) =>
      serveFiles(args.files, {
        limit: settings.limit,
        processes: flags.processes,
        watch: !flags['no-watch'],
        drain: durationOf(flags.drain, '--drain'),
        name: flags.name,
        address: addressOf(settings),
        onEvent,
      }),
    );
  }
}
