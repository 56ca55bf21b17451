/** Calling an instance with a value that no expression stands for by itself: the links of a `chain`. */
import type { Call, CallArgument } from "../syntax/ast.ts";
import type { TensorType } from "../types/tensor-type.ts";
import { resultOf } from "./call-method.ts";
import type { Checker } from "./checker.ts";
import { Matcher } from "./match.ts";
import { reportMismatch } from "./mismatch-words.ts";
import { report } from "./report.ts";
import { describe, type InstanceType, quoteAll, unknownType, type ValueType } from "./values.ts";

/** The result of `instance(x)` where x has the type `type`; problems are shown at `given`. */
export function applyMethod(
  checker: Checker,
  call: Call,
  instance: InstanceType,
  given: CallArgument,
  type: TensorType,
): ValueType {
  const method = instance.methods.get("");
  const [argument, ...others] = method?.arguments ?? [];
  const needed = others.filter((other) => !other.optional);
  if (method === undefined || argument === undefined || argument.type.kind !== "tensor" || needed.length > 0)
    return report(checker.problems, call.span, {
      code: "not-chainable",
      title: "Instances cannot be chained",
      label: `holds ${describe(instance)}`,
      text:
        needed.length > 0
          ? `Every link of a chain is called with one tensor, but \`${instance.name}\` also needs ${quoteAll(needed.map(({ name }) => name))}.`
          : `Every link of a chain is called with one tensor, and \`${instance.name}\` has no unnamed method that takes one.`,
    });
  const matcher = new Matcher(instance.settings, method.bound);
  const bringer = { argument: argument.name, span: given.span };
  const wrong = matcher.match(argument.type, type, bringer) ?? matcher.compare(argument.type, type);
  if (wrong !== null) {
    reportMismatch(checker, {
      wrong,
      pattern: argument.type,
      actual: type,
      matcher,
      given,
      argument,
      method,
    });
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
