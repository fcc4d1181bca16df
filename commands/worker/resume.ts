import { ApiCommand } from '../../src/cli/command.ts';
import { workerNameArg } from '../../src/cli/flags.ts';
import { type PausedWorkers, pauseWorkers } from '../../src/cli/workers.ts';

export default class WorkerResume extends ApiCommand {
  static override summary = 'Give runs to paused workers again.';
  static override examples = ['<%= config.bin %> worker resume gpu-1'];
  static override args = { name: workerNameArg() };

  async run(): Promise<PausedWorkers> {
    const { args, flags } = await this.parse(WorkerResume);
    const answer = await pauseWorkers(await this.connect(this.settings(flags)), args.name, false);
    if (answer.workers === 0) this.note('No worker of that name is connected now. Names: bgtask worker ls');
    this.note(`Workers named ${answer.name} get runs again.`);
    return answer;
  }
}
