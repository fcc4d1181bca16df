import { string } from '@oclif/core/flags';
import { ApiCommand } from '../../src/cli/command.ts';
import { withEnv } from '../../src/cli/flags.ts';
import { count } from '../../src/cli/text.ts';

export default class CacheClear extends ApiCommand {
  static override summary = 'Have kept results answer no longer.';
  static override description = 'Of one task, or of all. Their runs stay; the next run with such a key makes its result anew.';
  static override examples = ['<%= config.bin %> cache clear --task resize', '<%= config.bin %> cache clear'];
  static override flags = withEnv('CACHE_CLEAR', { task: string({ helpValue: 'TASK', description: 'only results of this task' }) });

  async run(): Promise<{ cleared: number }> {
    const { flags } = await this.parse(CacheClear);
    const client = await this.connect(this.settings(flags));
    const query = flags.task === undefined ? '' : `?task=${encodeURIComponent(flags.task)}`;
    const answer = await client.request<{ cleared: number }>('DELETE', `/cache${query}`);
    this.note(answer.cleared === 0 ? 'Nothing to clear.' : `Cleared ${count(answer.cleared, 'result')}.`);
    return answer;
  }
}
