import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

// In tests the viewer comes from its source; a build bundles it (package.json, "imports").
const alias = { '#tui': fileURLToPath(new URL('./src/tui/app.tsx', import.meta.url)) };

export default defineConfig({
  test: {
    projects: [
      {
        resolve: { alias },
        test: {
          name: 'unit',
          include: ['test/**/*.test.{ts,tsx}'],
          exclude: ['test/e2e/**'],
          testTimeout: 20_000,
          disableConsoleIntercept: true,
        },
      },
      {
        resolve: { alias },
        // Real processes from the build: few at a time (they mostly wait), and patient on a slow machine.
        test: {
          name: 'e2e',
          include: ['test/e2e/**/*.test.ts'],
          globalSetup: 'test/helpers/build.ts',
          testTimeout: 60_000,
          hookTimeout: 60_000,
          maxWorkers: 3,
          // After the others: they would slow each other down.
          sequence: { groupOrder: 1 },
          disableConsoleIntercept: true,
        },
      },
    ],
  },
});
