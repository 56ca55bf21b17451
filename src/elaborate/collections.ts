/** Functions over lists that are known at compile time: `pairs`, `zip`, `chain`. */
import { at, invariant } from "../base/invariant.ts";
import type { Call } from "../syntax/ast.ts";
import { labelOf } from "./coerce.ts";
import type { Elaboration } from "./elaboration.ts";
import { invoke, methodNamed } from "./invoke.ts";
import type { Scope } from "./scope.ts";
import type { ListValue, Value } from "./values.ts";

/** The value of a call of one of these functions; null for any other name. */
export function collectionCall(e: Elaboration, name: string, call: Call, scope: Scope): Value | null {
  switch (name) {
    case "pairs":
      return pairs(listArgument(e, call, scope));
    case "zip":
      return zip(call.arguments.map((argument) => asList(e.evaluate(argument.value, scope))));
    case "chain":
      return chain(e, call, scope);
    default:
      return null;
  }
}

function asList(value: Value): ListValue {
  invariant(value.kind === "list", `a ${value.kind} where a list is needed`);
  return value;
}

/** One list, or the arguments as a list. */
function listArgument(e: Elaboration, call: Call, scope: Scope): ListValue {
  const values = call.arguments.map((argument) => e.evaluate(argument.value, scope));
  const only = values[0];
  if (values.length === 1 && only?.kind === "list") return only;
  return {
    kind: "list",
    items: values,
    labels: call.arguments.map((argument, index) => labelOf(argument.value, index)),
  };
}

/** Every two items, in order. */
function pairs(list: ListValue): ListValue {
  const items: Value[] = [];
  const labels: string[] = [];
  for (const [first, a] of list.items.entries())
    for (let second = first + 1; second < list.items.length; second++) {
      items.push({ kind: "list", items: [a, at(list.items, second)], labels: [] });
      labels.push(`${at(list.labels, first)},${at(list.labels, second)}`);
    }
  return { kind: "list", items, labels };
}

/** Items side by side, as many as the shortest list has; labels of the first list. */
function zip(lists: readonly ListValue[]): ListValue {
  const length = Math.min(...lists.map((list) => list.items.length));
  const places = Array.from({ length }, (_, index) => index);
  return {
    kind: "list",
    items: places.map((index) => ({
      kind: "list",
      items: lists.map((list) => at(list.items, index)),
      labels: [],
    })),
    labels: places.map((index) => at(at(lists, 0).labels, index)),
  };
}

/** `chain(blocks, x, …)`: x through every instance of the list in turn; what stands behind x goes to all of them. */
function chain(e: Elaboration, call: Call, scope: Scope): Value {
  const blocks = asList(e.evaluate(at(call.arguments, 0).value, scope));
  const [start, ...others] = call.arguments.slice(1).map((argument) => e.evaluate(argument.value, scope));
  invariant(start !== undefined, "chain of nothing");
  let value = start;
  for (const [index, block] of blocks.items.entries()) {
    invariant(block.kind === "instance", "chain of something that is not an instance");
    const method = methodNamed(block, null);
    invariant(method !== null, `${block.declaration.name.name} cannot be called`);
    const values = [value, ...others].map((given, place): [string, Value] => [
      at(method.signature.arguments, place).name.name,
      given,
    ]);
    const site = { calls: `${e.callPath(scope, call)}.${index}`, step: scope.place.step };
    value = invoke(e, block, method, new Map(values), site);
  }
  return value;
}
