// Frames of a terminal as one animated SVG, without scripts: each line that ever stood there is drawn once, and each frame is a list of them.
const CELL = { width: 8.4, height: 17 };
const PAD = 14;
const LAST_FRAME_MS = 2_500;
/** The sixteen colours of a terminal with a dark ground. */
const PALETTE = ['#3b4252', '#e06c75', '#98c379', '#e5c07b', '#61afef', '#c678dd', '#56b6c2', '#d8dee9', '#7f8696'];
const [GROUND, TEXT] = ['#1e222a', '#d8dee9'];

/** `frames`: `{ at, cells }`, `at` in milliseconds, `cells` by row and column: `{ text, width, colour, bold, dim, inverse }`. */
export function animation(frames, { columns, rows }) {
  const [width, height] = [columns * CELL.width + 2 * PAD, rows * CELL.height + 2 * PAD];
  const lines = new Map();
  const first = frames[0].at;
  const total = frames.at(-1).at - first + LAST_FRAME_MS;
  const shown = frames.map(({ at, cells }, index) => {
    const uses = cells.map((line, row) => use(lines, line, row)).join('');
    const [from, to] = [at - first, index + 1 < frames.length ? frames[index + 1].at - first : total];
    return `<g class="f" style="animation-name:f${index}">${uses}</g>${keyframes(index, (100 * from) / total, (100 * to) / total)}`;
  });
  const defs = [...lines].map(([drawn, id]) => `<g id="${id}">${drawn}</g>`).join('\n');
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width.toFixed(0)} ${height}" width="${width.toFixed(0)}" height="${height}">
<style>text{font:14px ui-monospace,SFMono-Regular,Menlo,Consolas,"DejaVu Sans Mono",monospace;white-space:pre;fill:${TEXT}}
.b{font-weight:700}.d{opacity:.6}.f{visibility:hidden;animation-duration:${Math.round(total)}ms;animation-iteration-count:infinite;animation-timing-function:step-end}</style>
<rect width="100%" height="100%" rx="8" fill="${GROUND}"/>
<defs>
${defs}
</defs>
<g transform="translate(${PAD} ${PAD})">
${shown.join('\n')}
</g>
</svg>
`;
}

function keyframes(index, from, to) {
  const steps = from > 0 ? `0%{visibility:hidden}${from.toFixed(3)}%{visibility:visible}` : '0%{visibility:visible}';
  return `<style>@keyframes f${index}{${steps}${to < 100 ? `${to.toFixed(3)}%{visibility:hidden}` : ''}}</style>`;
}

function use(lines, line, row) {
  const drawn = draw(line);
  if (drawn === '') return '';
  if (!lines.has(drawn)) lines.set(drawn, `l${lines.size}`);
  return `<use href="#${lines.get(drawn)}" y="${row * CELL.height}"/>`;
}

/** One line as pieces of one style each. */
function draw(line) {
  const pieces = [];
  let column = 0;
  for (const cell of line) {
    const style = [cell.colour, cell.bold, cell.dim, cell.inverse].join();
    const last = pieces.at(-1);
    if (last?.style === style) {
      last.text += cell.text;
      last.width += cell.width;
    } else pieces.push({ ...cell, style, column });
    column += cell.width;
  }
  return pieces.map(piece).join('');
}

function piece({ text, width, column, colour, bold, dim, inverse }) {
  if (text.trim() === '' && !inverse) return '';
  const [x, length] = [(column * CELL.width).toFixed(1), (width * CELL.width).toFixed(1)];
  const fill = colour === null ? TEXT : (PALETTE[colour] ?? TEXT);
  const ground = inverse ? `<rect x="${x}" width="${length}" height="${CELL.height}" fill="${fill}"/>` : '';
  const classes = [bold && 'b', dim && 'd'].filter(Boolean).join(' ');
  const colours = inverse ? ` style="fill:${GROUND}"` : colour === null ? '' : ` style="fill:${fill}"`;
  const words = text.replaceAll('&', '&amp;').replaceAll('<', '&lt;');
  return `${ground}<text x="${x}" y="13" textLength="${length}"${classes ? ` class="${classes}"` : ''}${colours}>${words}</text>`;
}
