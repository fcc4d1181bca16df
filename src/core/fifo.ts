/** First in, first out, O(1) each way however long it grows; an array's `shift` moves all that is left. */
export class Fifo<T> {
  #items: T[] = [];
  /** Where the first item stands. */
  #head = 0;

  get size(): number {
    return this.#items.length - this.#head;
  }

  push(item: T): void {
    this.#items.push(item);
  }

  shift(): T | undefined {
    if (this.size === 0) return undefined;
    const item = this.#items[this.#head];
    this.#head += 1;
    if (this.#head * 2 >= this.#items.length) this.retain(() => true);
    return item;
  }

  /** Drops every item that `keep` refuses; O(n). */
  retain(keep: (item: T) => boolean): void {
    this.#items = this.#items.slice(this.#head).filter(keep);
    this.#head = 0;
  }
}
