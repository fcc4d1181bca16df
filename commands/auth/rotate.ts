import { ApiCommand } from '../../src/cli/command.ts';
import { rotateKey } from '../../src/cli/server-key.ts';

export default class AuthRotate extends ApiCommand {
  static override summary = 'Replace the API key of the local server and print the new one.';
  static override description = 'Who is connected with the old key is sent away. Programs of the same user find the new one by themselves.';
  static override examples = ['<%= config.bin %> auth rotate'];

  async run(): Promise<{ apiKey: string }> {
    const { flags } = await this.parse(AuthRotate);
    const settings = this.settings(flags);
    const apiKey = await rotateKey(settings, await this.connect({ ...settings, apiKey: null }));
    this.log(apiKey);
    return { apiKey };
  }
}
