const ENTITIES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' };

/** What a person typed, as text of a page or a mail: no markup in it counts. */
export function escapeHtml(text: string): string {
  return text.replaceAll(/[&<>"']/g, (character) => ENTITIES[character] ?? '');
}

/** `{{name}}` in a template becomes the value of that name, escaped. */
export function render(template: string, values: Readonly<Record<string, string>>): string {
  return template.replaceAll(/{{(\w+)}}/g, (_, name: string) => escapeHtml(values[name] ?? ''));
}
