/** From the text of a frame to a value of its union. What does not fit is a reason to end the socket it came from, and only that. */
import type { z } from 'zod';
import { scan } from './scan.ts';
import { explain } from './schemas.ts';

/** The peer does not speak our protocol. `code` is the close code. */
export class Malformed extends Error {
  override readonly name = 'Malformed';
  readonly code: 1002 | 1007;
  constructor(code: 1002 | 1007, message: string) {
    super(message);
    this.code = code;
  }
}

/** One problem is enough, and each costs more than many good items: a frame of a million bad ones must not hold the loop. */
const FIRST_PROBLEM: z.core.ParseContextInternal<z.core.$ZodIssue> = { abortEarly: true };
/** In a frame a run stands in an array inside an object. */
const UNIT = 3;

/** @throws {Malformed} */
export function parseFrame<S extends z.ZodType>(text: string, schema: S): z.infer<S> {
  const problem = scan(text, UNIT);
  if (problem) throw new Malformed(1007, problem.message);
  const result = schema.safeParse(parsed(text), FIRST_PROBLEM);
  if (result.success) return result.data;
  throw new Malformed(1002, explain(result.error));
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new Malformed(1007, `A frame is no JSON: ${(error as Error).message}`);
  }
}
