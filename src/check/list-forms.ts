/** Functions over lists that are not builtins, since they see lists rather than tensors. */
export const listForms = ["pairs", "zip", "chain"] as const;

export type ListForm = (typeof listForms)[number];

export function isListForm(name: string): name is ListForm {
  return (listForms as readonly string[]).includes(name);
}
