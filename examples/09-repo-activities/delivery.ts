import { createHmac, timingSafeEqual } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import { z } from 'zod';

/** The part of a payload that all handlers can rely on; the rest comes along as it is. */
const Payload = z.looseObject({
  action: z.string().optional(),
  repository: z.object({ full_name: z.string().regex(/^[\w-]{1,100}\/[\w.-]{1,100}$/) }),
  sender: z.object({ login: z.string() }).optional(),
});

/** Something that happened to a repository, as GitHub tells of it. */
export interface Delivery {
  readonly id: string;
  readonly event: string;
  readonly repo: string;
  readonly payload: z.infer<typeof Payload>;
}

/** A request that is no delivery. Fastify answers with its status. */
export class BadDelivery extends Error {
  readonly statusCode: number;
  constructor(statusCode: number, message: string) {
    super(message);
    this.statusCode = statusCode;
  }
}

export function sign(body: Buffer | string, secret: string): string {
  return `sha256=${createHmac('sha256', secret).update(body).digest('hex')}`;
}

/** How long it takes does not tell how much of the signature was right. */
function isSigned(body: Buffer, signature: string, secret: string): boolean {
  const [given, right] = [Buffer.from(signature), Buffer.from(sign(body, secret))];
  return given.length === right.length && timingSafeEqual(given, right);
}

/** @throws {BadDelivery} 401: the signature is missing or wrong; 400: a header is, or it is no JSON; 422: it is about no repository. */
export function readDelivery(headers: IncomingHttpHeaders, body: Buffer, secret: string): Delivery {
  if (!isSigned(body, `${headers['x-hub-signature-256']}`, secret)) throw new BadDelivery(401, 'The signature is missing or wrong.');
  const event = textOf(headers, 'x-github-event', /^[a-z_]{1,64}$/);
  const id = textOf(headers, 'x-github-delivery', /^[\da-zA-Z-]{1,64}$/);
  const payload = Payload.safeParse(json(body));
  if (!payload.success) throw new BadDelivery(422, `That is about no repository: ${z.prettifyError(payload.error)}`);
  return { id, event, repo: payload.data.repository.full_name, payload: payload.data };
}

function textOf(headers: IncomingHttpHeaders, name: string, pattern: RegExp): string {
  const text = headers[name];
  if (typeof text !== 'string' || !pattern.test(text)) throw new BadDelivery(400, `The header ${name} is missing or wrong.`);
  return text;
}

function json(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString());
  } catch {
    throw new BadDelivery(400, 'The body is no JSON.');
  }
}
