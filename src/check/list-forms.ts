/** Functions over lists that are not builtins, since they see lists rather than tensors. */
const listForms = ["pairs", "zip", "chain"] as const;

/** Functions that are not builtins, since they see more than tensors: `scan` repeats an instance. */
export const specialForms = [...listForms, "scan"] as const;

export type ListForm = (typeof listForms)[number];

export function isSpecialForm(name: string): boolean {
  return (specialForms as readonly string[]).includes(name);
}

export function isListForm(name: string): name is ListForm {
  return (listForms as readonly string[]).includes(name);
}
