import { boolean } from '@oclif/core/flags';
import { ApiCommand } from '../../src/cli/command.ts';
import { filterFlags, filterOf, wholeFlag, withEnv } from '../../src/cli/flags.ts';
import { listRuns, runTable } from '../../src/cli/runs.ts';
import type { RunView } from '../../src/core/api.ts';

export default class TaskLs extends ApiCommand {
  static override summary = 'List runs, newest first; on a terminal the live run viewer.';
  static override examples = [
    '<%= config.bin %> task ls',
    '<%= config.bin %> task ls --state FAILED,CRASHED --no-live',
    '<%= config.bin %> task ls --task resize --limit 1000 --json',
  ];
  static override flags = withEnv('TASK_LS', {
    ...filterFlags('TASK_LS'),
    limit: wholeFlag({ least: 1, most: 100_000, default: 50, description: 'most runs' }),
    'no-live': boolean({ description: 'print a table and leave, also on a terminal' }),
  });

  async run(): Promise<RunView[] | undefined> {
    const { flags } = await this.parse(TaskLs);
    const settings = this.settings(flags);
    const [client, filter] = [await this.connect(settings), filterOf(flags)];
    if (!this.jsonEnabled() && !flags['no-live'] && process.stdin.isTTY && process.stdout.isTTY && !process.env.CI) {
      const { runViewer } = await import('#tui');
      await runViewer({ client, filter, limit: flags.limit, stdin: process.stdin, stdout: process.stdout, url: settings.apiUrl });
      return undefined;
    }
    const runs = await listRuns(client, filter, flags.limit);
    if (runs.length > 0) this.log(runTable(runs, Date.now()));
    else this.note(Object.keys(filter).length > 0 ? 'No run fits.' : 'No runs yet. Submit one: bgtask task run TASK [ARG…]');
    return runs;
  }
}
