import { string } from '@oclif/core/flags';
import { cacheTable } from '../../src/cli/cache.ts';
import { ApiCommand } from '../../src/cli/command.ts';
import { wholeFlag, withEnv } from '../../src/cli/flags.ts';
import { count } from '../../src/cli/text.ts';
import type { CacheEntry, CacheList } from '../../src/core/api.ts';

export default class CacheLs extends ApiCommand {
  static override summary = 'List the results that answer for later runs, newest first.';
  static override description =
    'A result goes with its run: `run rm` removes both. `cache clear` has it answer no longer and leaves the run.';
  static override examples = ['<%= config.bin %> cache ls', '<%= config.bin %> cache ls --task resize --json'];
  static override flags = withEnv('CACHE_LS', {
    task: string({ helpValue: 'TASK', description: 'only results of this task' }),
    limit: wholeFlag({ least: 1, most: 1_000, default: 50, description: 'most results' }),
  });

  async run(): Promise<readonly CacheEntry[]> {
    const { flags } = await this.parse(CacheLs);
    const client = await this.connect(this.settings(flags));
    const query = new URLSearchParams({ limit: String(flags.limit), ...(flags.task === undefined ? {} : { task: flags.task }) });
    const { entries, total } = await client.request<CacheList>('GET', `/cache?${query}`);
    if (total === 0) this.note("No result is kept. Give a task a cache: task('name', { cache: { key: ['inputs'] } }, fn)");
    else this.log(cacheTable(entries, Date.now()));
    if (total > entries.length) this.note(`${count(total, 'result')} in all. More: --limit`);
    return entries;
  }
}
