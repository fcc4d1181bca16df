/** What leads to this machine only. Pure: nothing is looked up. */

const LOOPBACK = /^(localhost|::1|127(\.\d{1,3}){3})$/;

/** `host`: as a server is told to listen on it. */
export function isLoopback(host: string): boolean {
  return LOOPBACK.test(host);
}

/** `hostname`: as `URL.hostname` has it, IPv6 in brackets. */
export function isLoopbackName(hostname: string): boolean {
  return isLoopback(hostname.replace(/^\[(.*)\]$/, '$1'));
}
