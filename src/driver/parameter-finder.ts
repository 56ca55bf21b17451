/** Finds out which parameters a model has before any of them has a place. */
import { UserError } from "../diagnostics/problems.ts";
import type { ParameterRequest } from "../elaborate/elaboration.ts";
import type { Node } from "../ir/graph.ts";
import type { GraphBuilder } from "../ir/graph-build.ts";
import { sameShape, topologicalOrder } from "../ir/graph-walk.ts";

export class ParameterFinder {
  readonly #found = new Map<string, ParameterRequest>();
  readonly #paths = new Map<Node, string>();

  /** Every parameter once, in the order in which they were met. */
  get requests(): readonly ParameterRequest[] {
    return [...this.#found.values()];
  }

  /** A stand-in for the parameter; throws a UserError when an instance is used with different sizes. */
  node(g: GraphBuilder, request: ParameterRequest): Node {
    const known = this.#found.get(request.path);
    if (known !== undefined && !sameShape(known.shape, request.shape)) throw differentSizes(known, request);
    if (known === undefined) this.#found.set(request.path, request);
    const { path, shape } = request;
    const node = g.input({ name: path, arena: "parameters", offset: 0, version: 0, shape, dtype: "f32" });
    this.#paths.set(node, path);
    return node;
  }

  /** Paths of the parameters that a value is computed from. */
  pathsUnder(node: Node): string[] {
    return topologicalOrder([node]).flatMap((each) => {
      const path = this.#paths.get(each);
      return path === undefined ? [] : [path];
    });
  }
}

function differentSizes(first: ParameterRequest, second: ParameterRequest): UserError {
  const instance = first.path.split(".").slice(0, -1).join(".");
  const sizes = (request: ParameterRequest) => `[${request.shape.join(", ")}]`;
  return new UserError([
    {
      code: "shared-sizes",
      severity: "error",
      title: "Shared instance, different sizes",
      primary: { span: second.span, text: `${sizes(first)} in one call, ${sizes(second)} in another` },
      related: [],
      text: `\`${instance}\` is called several times and shares its parameters, but the calls ask for different sizes of \`${first.path}\`.`,
      hint: "Make an instance for each, or bring the values to one width first.",
    },
  ]);
}
