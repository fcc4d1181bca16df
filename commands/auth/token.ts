import { ApiCommand } from '../../src/cli/command.ts';
import { serverKey } from '../../src/cli/server-key.ts';

export default class AuthToken extends ApiCommand {
  static override summary = 'Print the API key of the local server.';
  static override description = 'Programs of the same user find it by themselves; another user or machine needs it as API_KEY.';
  static override examples = [
    '<%= config.bin %> auth token',
    'curl -H "Authorization: Bearer $(<%= config.bin %> auth token)" http://127.0.0.1:4200/api/runs',
  ];

  async run(): Promise<{ apiKey: string }> {
    const { flags } = await this.parse(AuthToken);
    const apiKey = serverKey(this.settings(flags));
    this.log(apiKey);
    return { apiKey };
  }
}
