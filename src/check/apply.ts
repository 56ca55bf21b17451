/** Calling an instance with a value that no expression stands for by itself: the links of a `chain`. */
import { at } from "../base/invariant.ts";
import type { Call, CallArgument } from "../syntax/ast.ts";
import type { TensorType } from "../types/tensor-type.ts";
import { resultOf } from "./call-method.ts";
import type { Checker } from "./checker.ts";
import { Matcher } from "./match.ts";
import { reportMismatch } from "./mismatch-words.ts";
import { report } from "./report.ts";
import { describe, type InstanceType, quoteAll, unknownType, type ValueType } from "./values.ts";

/** A tensor that a link is called with, and where it stands in the call of `chain`. */
export interface Given {
  readonly argument: CallArgument;
  readonly type: TensorType;
}

/** The result of `instance(x, …)` with tensors of these types; problems are shown where the tensors stand. */
export function applyMethod(
  checker: Checker,
  call: Call,
  instance: InstanceType,
  given: readonly Given[],
): ValueType {
  const method = instance.methods.get("");
  if (method === undefined && instance.partial) return unknownType;
  const needed = (method?.arguments ?? []).filter(
    ({ optional }, index) => index >= given.length && !optional,
  );
  const taken = (method?.arguments ?? []).slice(0, given.length);
  if (method === undefined || taken.length < given.length || needed.length > 0)
    return notChainable(checker, call, instance, needed);
  const matcher = new Matcher(instance.settings, method.bound);
  for (const step of ["match", "compare"] as const)
    for (const [index, argument] of taken.entries()) {
      const { argument: place, type } = at(given, index);
      if (argument.type.kind !== "tensor") return notChainable(checker, call, instance, []);
      const bringer = { argument: argument.name, span: place.span };
      const wrong =
        step === "match" ? matcher.match(argument.type, type, bringer) : matcher.compare(argument.type, type);
      if (wrong === null) continue;
      const pattern = argument.type;
      reportMismatch(checker, { wrong, pattern, actual: type, matcher, given: place, argument, method });
      return unknownType;
    }
  const result = resultOf(checker, method, matcher, call.span);
  if (result.kind === "tensor" || result.kind === "unknown") return result;
  return report(checker.problems, call.span, {
    code: "not-chainable",
    title: "Instances cannot be chained",
    label: `\`${instance.name}\` gives ${describe(result)}`,
    text: "Every link of a chain takes one tensor and gives one tensor.",
  });
}

function notChainable(
  checker: Checker,
  call: Call,
  instance: InstanceType,
  needed: readonly { readonly name: string }[],
): ValueType {
  const tensors = call.arguments.length === 2 ? "one tensor" : `${call.arguments.length - 1} tensors`;
  return report(checker.problems, call.span, {
    code: "not-chainable",
    title: "Instances cannot be chained",
    label: `holds ${describe(instance)}`,
    text:
      needed.length > 0
        ? `Every link of this chain is called with ${tensors}, but \`${instance.name}\` also needs ${quoteAll(needed.map(({ name }) => name))}.`
        : `Every link of this chain is called with ${tensors}, and \`${instance.name}\` has no unnamed method that takes ${call.arguments.length === 2 ? "one" : "them"}.`,
  });
}
