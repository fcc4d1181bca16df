import { taskRef } from 'bgtask';
import type { greet } from '../../tasks';

export async function GET(): Promise<Response> {
  const future = await taskRef<typeof greet>('greet').delay('Trillian');
  return Response.json({ message: `Task submitted: ${future.id}` });
}
