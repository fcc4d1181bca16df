import { join } from 'node:path';
import { string as stringArg } from '@oclif/core/args';
import { string } from '@oclif/core/flags';
import { BgtaskCommand } from '../src/cli/command.ts';
import { withEnv } from '../src/cli/flags.ts';
import { createProject, dependencyOn, type NewProject, nextSteps } from '../src/cli/project.ts';

export default class Init extends BgtaskCommand {
  static override summary = 'Create a new project that runs.';
  static override examples = ['<%= config.bin %> init my-tasks', '<%= config.bin %> init . --template hello'];
  static override args = {
    dir: stringArg({ ignoreStdin: true, default: '.', description: 'folder of the project; made where there is none' }),
  };
  static override flags = withEnv('INIT', { template: string({ helpValue: 'NAME', default: 'hello', description: 'what to start from' }) });

  async run(): Promise<NewProject> {
    const { args, flags } = await this.parse(Init);
    const { root, version } = this.config;
    const project = createProject(join(root, 'templates'), flags.template, args.dir, dependencyOn(root, version));
    this.note(`Created ${project.files.join(', ')} in ${project.dir}. Next:`);
    for (const step of nextSteps(project)) this.note(`  ${step}`);
    return project;
  }
}
