/** The elements of `popup.html`. */

/** The element with this id, which `popup.html` has. */
export function byId<E extends HTMLElement>(id: string, kind: abstract new () => E): E {
  const element = document.getElementById(id);
  if (!(element instanceof kind)) throw new Error(`popup.html has no ${kind.name} #${id}`);
  return element;
}

/** Shows these options, and selects one of them. */
export function choose(select: HTMLSelectElement, values: readonly string[], chosen: string | undefined): void {
  select.replaceChildren(...values.map((value) => new Option(value, value)));
  if (chosen !== undefined) select.value = chosen;
}
