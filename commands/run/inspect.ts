import { ApiCommand } from '../../src/cli/command.ts';
import { revealFlags, runIdArg } from '../../src/cli/flags.ts';
import { treeOf } from '../../src/cli/run-tree.ts';
import { fullId, repeatsOf, runOf, runPage } from '../../src/cli/runs.ts';
import type { RunView } from '../../src/core/api.ts';

export default class RunInspect extends ApiCommand {
  static override summary = 'Print everything about one run.';
  static override examples = ['<%= config.bin %> run inspect ID', '<%= config.bin %> run inspect ID --json'];
  static override args = { id: runIdArg() };
  static override flags = revealFlags('RUN_INSPECT');

  async run(): Promise<RunView> {
    const { args, flags } = await this.parse(RunInspect);
    const client = await this.connect(this.settings(flags));
    const run = await runOf(client, await fullId(client, args.id));
    if (this.jsonEnabled()) return run;
    this.log(await runPage(run, flags.reveal, await repeatsOf(client, run)));
    const tree = await treeOf(client, run);
    if (tree !== '') this.log(`\n${tree}`);
    return run;
  }
}
