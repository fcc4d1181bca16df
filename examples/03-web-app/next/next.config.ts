import type { NextConfig } from 'next';

const config: NextConfig = {
  /** Not bundled: the app loads bgtask from node_modules, as Node does. */
  serverExternalPackages: ['bgtask'],
  /** This folder, and not the clone around it. */
  outputFileTracingRoot: import.meta.dirname,
};

// biome-ignore lint/style/noDefaultExport: Next.js reads it
export default config;
