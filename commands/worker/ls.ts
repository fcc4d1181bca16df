import { ApiCommand } from '../../src/cli/command.ts';
import { workerTable } from '../../src/cli/workers.ts';
import type { WorkerView } from '../../src/core/api.ts';

export default class WorkerLs extends ApiCommand {
  static override summary = 'List the workers that are connected.';
  static override examples = ['<%= config.bin %> worker ls', '<%= config.bin %> worker ls --json'];

  async run(): Promise<WorkerView[]> {
    const { flags } = await this.parse(WorkerLs);
    const client = await this.connect(this.settings(flags));
    const workers = await client.request<WorkerView[]>('GET', '/workers');
    if (workers.length > 0) this.log(workerTable(workers, Date.now()));
    else this.note('No worker is connected. Start one: bgtask task serve tasks.ts');
    return workers;
  }
}
