import { boolean } from '@oclif/core/flags';
import { ApiCommand } from '../../src/cli/command.ts';
import { runIdArg, withEnv } from '../../src/cli/flags.ts';
import { followLogs, logsOf, logText } from '../../src/cli/logs.ts';
import { fullId } from '../../src/cli/runs.ts';
import { UsageError } from '../../src/cli/usage.ts';
import type { LogLine } from '../../src/core/api.ts';

export default class RunLogs extends ApiCommand {
  static override summary = 'Print what a run wrote.';
  static override description = 'With --json an array; with --follow --json one object for each line.';
  static override examples = [
    '<%= config.bin %> run logs ID',
    '<%= config.bin %> run logs ID --follow',
    '<%= config.bin %> run logs ID --raw > run.log',
  ];
  static override args = { id: runIdArg() };
  static override flags = withEnv('RUN_LOGS', {
    follow: boolean({ char: 'f', description: 'go on with what it writes until it has ended' }),
    raw: boolean({ description: 'the bare text as the task wrote it; not on a terminal, which it could command' }),
  });

  async run(): Promise<LogLine[] | undefined> {
    const { args, flags } = await this.parse(RunLogs);
    if (flags.raw && process.stdout.isTTY) throw new UsageError('--raw is for pipes and files: bare text could command your terminal.');
    const client = await this.connect(this.settings(flags));
    const id = await fullId(client, args.id);
    const show = (line: LogLine): void => (flags.raw ? this.logBare(line.text) : this.log(logText(line)));
    if (flags.follow) {
      await followLogs(client, id, (line) => (this.jsonEnabled() ? this.logJsonLine(line) : show(line)));
      return undefined;
    }
    const lines = await logsOf(client, id);
    for (const line of lines) show(line);
    if (lines.length === 0) this.note('It wrote nothing.');
    return lines;
  }
}
