import { ApiCommand } from '../../src/cli/command.ts';
import { workerNameArg } from '../../src/cli/flags.ts';
import { type PausedWorkers, pauseWorkers } from '../../src/cli/workers.ts';

export default class WorkerPause extends ApiCommand {
  static override summary = 'Give no more runs to workers of a name.';
  static override description = 'What they run goes on. It stays so over restarts of server and worker, until `worker resume`.';
  static override examples = ['<%= config.bin %> worker pause gpu-1'];
  static override args = { name: workerNameArg() };

  async run(): Promise<PausedWorkers> {
    const { args, flags } = await this.parse(WorkerPause);
    const answer = await pauseWorkers(await this.connect(this.settings(flags)), args.name, true);
    if (answer.workers === 0) this.note('No worker of that name is connected now: it counts for those that come. Names: bgtask worker ls');
    this.note(`Paused ${answer.name}. Go on: bgtask worker resume ${answer.name}`);
    return answer;
  }
}
