import { string } from '@oclif/core/args';
import { ApiCommand } from '../../src/cli/command.ts';
import { serveUntilStopped } from '../../src/cli/serving.ts';
import { workerFlags, workerSettings } from '../../src/cli/worker-flags.ts';

export default class TaskServe extends ApiCommand {
  static override summary = 'Run a worker for every task that the files export.';
  static override description = 'It loads them again when they change. Ctrl-C lets runs finish; a second one leaves at once.';
  static override examples = [
    '<%= config.bin %> task serve tasks.ts',
    '<%= config.bin %> task serve src/email.ts src/images.ts --limit 20 --processes 2',
    '<%= config.bin %> task serve dist/tasks.js --no-watch --drain 1m',
  ];
  static override args = {
    file: string({ required: true, multiple: true, ignoreStdin: true, description: 'files with tasks' }),
  };
  static override flags = workerFlags;
  protected override readonly outlivesReader = true;

  async run(): Promise<void> {
    const { args, flags } = await this.parse(TaskServe);
    const settings = this.settings(flags);
    const options = workerSettings(flags, settings);
    const { serveFiles } = await import('../../src/worker/serve.ts');
    const shown = await this.workerConsole(settings);
    await serveUntilStopped(settings, shown, (onEvent) => serveFiles(args.file, { ...options, onEvent }));
  }
}
