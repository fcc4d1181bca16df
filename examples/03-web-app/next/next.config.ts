import type { NextConfig } from 'next';

// Not bundled: the app loads bgtask from node_modules, as Node does.
const config: NextConfig = { serverExternalPackages: ['bgtask'] };

// biome-ignore lint/style/noDefaultExport: Next.js reads it
export default config;
