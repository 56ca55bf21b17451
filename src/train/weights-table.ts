/** Tables of weights, read in both directions: which tensor of another program belongs to which parameter. */
import { pathName } from "../check/loads.ts";
import { tensorName } from "../check/weights.ts";
import type { WeightsDecl } from "../syntax/ast.ts";
import type { SelectionPath } from "../syntax/ast-train.ts";

/** The names that a parameter may have in a checkpoint, likeliest first; null where the table has no line for it. */
export function tensorNames(table: WeightsDecl, inside: string): string[] | null {
  const prefixes = table.members.flatMap((member) => (member.kind === "prefix" ? [member.prefix.text] : []));
  for (const member of table.members) {
    if (member.kind !== "tensor") continue;
    const indices = indicesOf(member.path, inside);
    if (indices === null) continue;
    return member.names.flatMap(({ text }) => {
      const name = tensorName(text, indices);
      return [name, ...prefixes.map((prefix) => prefix + name)];
    });
  }
  return null;
}

/** The numbers in the brackets of a parameter's path, by the names that the pattern has there; null where the path is another one. */
function indicesOf(pattern: SelectionPath, path: string): Map<string, number> | null {
  const names: string[] = [];
  const text = pathName(pattern).replace(/\[(\w+)\]|\./g, (_, index: string | undefined) => {
    if (index === undefined) return "\\.";
    names.push(index);
    return "\\[(\\d+)\\]";
  });
  const match = new RegExp(`^${text}$`).exec(path);
  if (match === null) return null;
  return new Map(names.map((name, place) => [name, Number(match[place + 1])]));
}
