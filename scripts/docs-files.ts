// Writes the parts of docs/ARCHITECTURE.md that are made from the sources: the picture and the list of files.
import { writeFileSync } from 'node:fs';
import { generated, PAGE, readPage, readSources, root, withGenerated } from '../test/helpers/architecture.ts';

const page = readPage();
writeFileSync(root + PAGE, withGenerated(page, generated(page, readSources())));
