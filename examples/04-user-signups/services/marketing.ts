import { startService } from './received.ts';

startService('Marketing service', '/enroll-user', 8026);
