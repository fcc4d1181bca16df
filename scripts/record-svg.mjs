// Frames of a terminal as one animated SVG, without scripts: each line that ever stood there is drawn once, and each frame is a list of them.
const CELL = { width: 8.4, height: 17 };
const PAD = 14;
/** Height of the title. */
const BAR = 30;
const LAST_FRAME_MS = 2_500;
/** So long a key that was typed stays in sight. */
const KEY_MS = 900;
/** The sixteen colours of a terminal with a dark ground. */
const PALETTE = ['#3b4252', '#e06c75', '#98c379', '#e5c07b', '#61afef', '#c678dd', '#56b6c2', '#d8dee9', '#7f8696'];
const [GROUND, BAR_GROUND, TEXT] = ['#1e222a', '#2b303b', '#d8dee9'];

/**
 * `frames`: `{ at, cells }`, `at` in milliseconds, `cells` by row and column: `{ text, width, colour, bold, dim, inverse }`. `keys`: `{ at, label }`,
 * shown in the title while nothing else was typed. The last frame stands still where nothing moves, as with `prefers-reduced-motion`.
 */
export function animation(frames, { columns, rows, title, keys }) {
  const [width, height] = [Math.round(columns * CELL.width + 2 * PAD), BAR + rows * CELL.height + 2 * PAD];
  const lines = new Map();
  const first = frames[0].at;
  const total = frames.at(-1).at - first + LAST_FRAME_MS;
  const during = (name, from, to, drawn) => appearing(name, (100 * (from - first)) / total, (100 * (to - first)) / total, drawn);
  const screens = frames.map(({ at, cells }, index) => {
    const uses = cells.map((line, row) => use(lines, line, row)).join('');
    return during(`f${index}`, at, frames[index + 1]?.at ?? first + total, uses);
  });
  const typed = keys.map(({ at, label }, index) =>
    during(`k${index}`, at, Math.min(at + KEY_MS, keys[index + 1]?.at ?? at + KEY_MS), keyCap(label, width)),
  );
  const defs = [...lines].map(([drawn, id]) => `<g id="${id}">${drawn}</g>`).join('\n');
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}">
<style>text{font:14px ui-monospace,SFMono-Regular,Menlo,Consolas,"DejaVu Sans Mono",monospace;white-space:pre;fill:${TEXT}}
.b{font-weight:700}.d{opacity:.6}.f{visibility:hidden;animation-duration:${Math.round(total)}ms;animation-iteration-count:infinite;animation-timing-function:step-end}
#f${frames.length - 1}{visibility:visible}@media (prefers-reduced-motion:reduce){.f{animation:none}}</style>
<rect width="100%" height="100%" rx="8" fill="${GROUND}"/>
<path d="M0 ${BAR}V8a8 8 0 0 1 8-8H${width - 8}a8 8 0 0 1 8 8V${BAR}z" fill="${BAR_GROUND}"/>
<text class="d" x="${PAD}" y="20">${escaped(title)}</text>
<defs>
${defs}
</defs>
${typed.join('\n')}
<g transform="translate(${PAD} ${BAR + PAD})">
${screens.join('\n')}
</g>
</svg>
`;
}

/** `from`, `to`: in percent of the whole. */
function appearing(name, from, to, drawn) {
  const steps = from > 0 ? `0%{visibility:hidden}${from.toFixed(3)}%{visibility:visible}` : '0%{visibility:visible}';
  const frames = `${steps}${to < 100 ? `${to.toFixed(3)}%{visibility:hidden}` : ''}`;
  return `<g id="${name}" class="f" style="animation-name:${name}">${drawn}</g><style>@keyframes ${name}{${frames}}</style>`;
}

function keyCap(label, right) {
  const width = label.length * CELL.width + 16;
  const x = right - PAD - width;
  const text = `<text class="b" x="${(x + 8).toFixed(1)}" y="20" style="fill:${BAR_GROUND}">${escaped(label)}</text>`;
  return `<rect x="${x.toFixed(1)}" y="5" width="${width.toFixed(1)}" height="20" rx="4" fill="${TEXT}"/>${text}`;
}

const escaped = (text) => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;');

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
  const ground = inverse ? `<rect x="${x}" width="${length}" height="${CELL.height}" fill="${fill}" shape-rendering="crispEdges"/>` : '';
  const classes = [bold && 'b', dim && 'd'].filter(Boolean).join(' ');
  const colours = inverse ? ` style="fill:${GROUND}"` : colour === null ? '' : ` style="fill:${fill}"`;
  return `${ground}<text x="${x}" y="13" textLength="${length}"${classes ? ` class="${classes}"` : ''}${colours}>${escaped(text)}</text>`;
}
