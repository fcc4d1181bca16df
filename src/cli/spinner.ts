/** One moving line on stderr while something is awaited; nothing where nobody watches (a pipe, CI). */

const FRAMES = ['⠋', '⠙', '⠹', '⠸', '⠼', '⠴', '⠦', '⠧', '⠇', '⠏'];
const FRAME_MS = 80;

/** Shows `text` until what it returns is called. `text` is asked anew for each frame. */
export function spin(text: () => string, stream: NodeJS.WriteStream = process.stderr): () => void {
  if (!stream.isTTY || process.env.CI || process.env.TERM === 'dumb') return () => {};
  let frame = 0;
  const draw = (): void => {
    stream.write(`\r\x1b[2K${FRAMES[frame % FRAMES.length]} ${text()}`);
    frame += 1;
  };
  draw();
  const timer = setInterval(draw, FRAME_MS);
  timer.unref();
  return () => {
    clearInterval(timer);
    stream.write('\r\x1b[2K');
  };
}
