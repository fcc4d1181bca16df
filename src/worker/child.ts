/** The main file of a child that loads files. TypeScript is loaded by tsx, which stays out of the way of plain JavaScript. */
import { becomeChild } from './child-main.ts';
import { Loader } from './load.ts';

const loader = new Loader(async (tsconfig, onImport) => {
  const before = process.env.TSX_TSCONFIG_PATH;
  if (tsconfig !== null) process.env.TSX_TSCONFIG_PATH = tsconfig; // the CommonJS half has no option for it
  const [esm, cjs] = await Promise.all([import('tsx/esm/api'), import('tsx/cjs/api')]);
  cjs.register();
  esm.register({ onImport, ...(tsconfig === null ? {} : { tsconfig }) });
  if (before === undefined) delete process.env.TSX_TSCONFIG_PATH;
});
becomeChild(loader);
