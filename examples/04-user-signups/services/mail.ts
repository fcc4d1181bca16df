import { startService } from './received.ts';

startService('Mail service', '/send-mail', 8025);
