// For the stand-ins in the bundle of the viewer: most lines of a frame are those of the frame before.
const MOST = 500;

/** `make`, asked once for each text of late. */
export function remember(make) {
  const known = new Map();
  return (text) => {
    if (known.has(text)) return known.get(text);
    if (known.size >= MOST) known.clear();
    const made = make(text);
    known.set(text, made);
    return made;
  };
}
