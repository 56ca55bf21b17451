/**
 * Graphs as text, one node a line:
 *   %12 = multiply f32[48, 64] (%10, %11)   // specs/mird.mird:14
 * Numbers are given in the order of printing, so that equal graphs print equally whatever made them.
 */
import { lineAndColumn } from "../diagnostics/source.ts";
import type { Graph, Node, Output } from "./graph.ts";
import { topologicalOrder } from "./graph-walk.ts";

/** Every node that `roots` need, one a line. */
export function printNodes(roots: readonly Node[]): string {
  return new NodePrinter().lines(roots).join("\n");
}

/** The segments of a graph; a node stands in the first segment that needs it. */
export function printGraph(graph: Graph): string {
  const printer = new NodePrinter();
  const blocks = graph.segments.map((segment) => {
    const repeat = segment.repeat === 1 ? "" : `, repeat ${segment.repeat}`;
    const header = `segment ${segment.name} (${segment.kind} of phase ${segment.phase}${repeat})`;
    const { keeps = [] } = segment;
    const nodes = printer.lines([...keeps, ...segment.outputs.map((output) => output.node)]);
    const kept = keeps.map((node) => printer.keep(node));
    const outputs = segment.outputs.map((output) => printer.output(output));
    return [header, ...[...nodes, ...kept, ...outputs].map((line) => `  ${line}`)].join("\n");
  });
  return `${blocks.join("\n\n")}\n`;
}

class NodePrinter {
  readonly #numbers = new Map<Node, number>();

  /** Lines of the nodes that were not printed before. */
  lines(roots: readonly Node[]): string[] {
    const fresh = topologicalOrder(roots).filter((node) => !this.#numbers.has(node));
    return fresh.flatMap((node) => {
      this.#numbers.set(node, this.#numbers.size);
      const inputs =
        node.inputs.length === 0 ? "" : ` (${node.inputs.map((input) => this.#name(input)).join(", ")})`;
      const what = `${this.#name(node)} = ${node.op} ${printType(node)}${inputs}${printAttributes(node)}`;
      const line = node.origin === null ? what : `${what}   // ${printOrigin(node.origin)}`;
      return node.op === "scan" ? [line, ...printBody(node.attributes.body.graph)] : [line];
    });
  }

  output({ name, node, target }: Output): string {
    return `store ${name} = ${this.#name(node)} to ${target.arena}[${target.offset}]`;
  }

  keep(node: Node): string {
    return `keep ${this.#name(node)}`;
  }

  #name(node: Node): string {
    return `%${this.#numbers.get(node) ?? "?"}`;
  }
}

/** The step of a scan, under its node. */
function printBody(step: Graph): string[] {
  return printGraph(step)
    .trimEnd()
    .split("\n")
    .slice(1)
    .map((line) => `  ${line}`);
}

function printType(node: Node): string {
  return `${node.dtype}[${node.shape.join(", ")}]`;
}

function printOrigin(origin: NonNullable<Node["origin"]>): string {
  return `${origin.source.path}:${lineAndColumn(origin.source, origin.start).line}`;
}

/** The attributes that the type does not show already. */
function printAttributes(node: Node): string {
  switch (node.op) {
    case "input": {
      const { name, arena, offset, version } = node.attributes;
      return ` ${name} from ${arena}[${offset}]${version === 0 ? "" : ` version ${version}`}`;
    }
    case "constant":
      return ` ${Object.is(node.attributes.value, -0) ? "-0" : node.attributes.value}`;
    case "cast":
    case "reshape":
    case "broadcast":
      return "";
    case "scan": {
      const { steps, reverse, body } = node.attributes;
      const operands = body.operands.map((role, index) => `${index}: ${role.kind}`);
      return ` {steps = ${steps}, reverse = ${reverse}, operands = [${operands.join(", ")}]}`;
    }
    default: {
      const entries = Object.entries(node.attributes).filter(([name]) => name !== "shape");
      const text = entries.map(([name, value]) => `${name} = ${printValue(value)}`);
      return text.length === 0 ? "" : ` {${text.join(", ")}}`;
    }
  }
}

function printValue(value: unknown): string {
  return Array.isArray(value) ? `[${value.join(", ")}]` : String(value);
}
