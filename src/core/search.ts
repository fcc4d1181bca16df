/** Runs found by a text: each of its words stands in the id, the task, the name or a tag, whatever the case of its letters. Pure. */

export interface Searched {
  readonly id: string;
  readonly task: string;
  readonly name: string | null;
  readonly tags: readonly string[];
}

export function wordsOf(text: string): readonly string[] {
  return text.toLowerCase().split(/\s+/).filter(Boolean);
}

/** `words` as `wordsOf` gives them. */
export function hasWords({ id, task, name, tags }: Searched, words: readonly string[]): boolean {
  const has = (text: string, word: string) => text.toLowerCase().includes(word);
  return words.every(
    (word) => has(id, word) || has(task, word) || (name !== null && has(name, word)) || tags.some((tag) => has(tag, word)),
  );
}
