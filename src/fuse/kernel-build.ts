/** Collects the expressions and operands of one kernel; equal expressions are kept once. */
import { at, invariant } from "../base/invariant.ts";
import type { DType } from "../ir/graph.ts";
import type {
  BinaryFunction,
  Expression,
  ExpressionId,
  Index,
  Operand,
  UnaryFunction,
} from "../ir/kernel.ts";
import type { UsedOperands } from "../ir/kernel-walk.ts";
import { ARENA_ALIGNMENT } from "../ir/program.ts";
import type { Affine, IndexSpace } from "./index-map.ts";
import type { Location } from "./scheduled.ts";
import type { Place } from "./storage.ts";
import { placeName } from "./storage.ts";

type Call = Extract<Expression, { readonly op: "unary" | "binary" }>;

/** Far more than one kernel has. */
const MOST_EXPRESSIONS = 2 ** 24;

const ALIGNED_ELEMENTS = ARENA_ALIGNMENT / 4;

export class KernelBuilder {
  readonly expressions: Expression[] = [];
  readonly #space: IndexSpace;
  readonly #known = new Map<string, ExpressionId>();
  /** Unary and binary expressions by function and operands: most are of these kinds, and numbers are found faster than texts. */
  readonly #calls = new Map<string, Map<number, ExpressionId>>();
  readonly #operands: Place[] = [];
  readonly #operandNumbers = new Map<string, number>();
  /** Values of the dynamic atoms that are no divisions. */
  readonly #dynamic = new Map<number, ExpressionId>();
  readonly #gathers = new Map<ExpressionId, number>();

  constructor(space: IndexSpace) {
    this.#space = space;
  }

  expression(expression: Exclude<Expression, Call>): ExpressionId {
    const key = expressionKey(expression);
    const known = this.#known.get(key);
    if (known !== undefined) return known;
    this.expressions.push(expression);
    this.#known.set(key, this.expressions.length - 1);
    return this.expressions.length - 1;
  }

  constant(value: number, dtype: DType): ExpressionId {
    return this.expression({ op: "constant", dtype, value });
  }

  unary(name: UnaryFunction, value: ExpressionId, dtype: DType): ExpressionId {
    return this.#call({ op: "unary", function: name, value, dtype }, value);
  }

  binary(name: BinaryFunction, left: ExpressionId, right: ExpressionId, dtype: DType): ExpressionId {
    return this.#call({ op: "binary", function: name, left, right, dtype }, left * MOST_EXPRESSIONS + right);
  }

  /** An atom that stands for the value of an i32 expression in 0..extent-1. */
  gatherAtom(value: ExpressionId, extent: number): number {
    const known = this.#gathers.get(value);
    if (known !== undefined) return known;
    const atom = this.#space.dynamic(extent);
    this.#dynamic.set(atom, value);
    this.#gathers.set(value, atom);
    return atom;
  }

  /** The value of an index as an i32 expression. */
  indexValue(index: Affine): ExpressionId {
    const { offset, terms } = this.#space.expand(index);
    let sum: ExpressionId | null = null;
    for (const { atom, stride } of terms) {
      const value = this.#atomValue(atom);
      const scaled =
        stride === 1 ? value : this.binary("multiply", value, this.constant(stride, "i32"), "i32");
      sum = sum === null ? scaled : this.binary("add", sum, scaled, "i32");
    }
    if (sum === null) return this.constant(offset, "i32");
    return offset === 0 ? sum : this.binary("add", sum, this.constant(offset, "i32"), "i32");
  }

  /** A place in an operand. */
  index(index: Affine): Index {
    const axes = this.#space.axes();
    const terms: { axis: number; stride: number }[] = [];
    const dynamic: { value: ExpressionId; stride: number }[] = [];
    const expanded = this.#space.expand(index);
    for (const { atom, stride } of expanded.terms) {
      const axis = axes.indexOf(atom);
      if (axis >= 0) terms.push({ axis, stride });
      else dynamic.push({ value: this.#atomValue(atom), stride });
    }
    if (terms.length > 1) terms.sort((a, b) => a.axis - b.axis);
    return { offset: expanded.offset, terms, dynamic };
  }

  /** The number of the operand for a place. */
  operand(place: Place): number {
    const name = placeName(place);
    const number = this.#operandNumbers.get(name) ?? this.#operands.length;
    if (number === this.#operands.length) this.#operands.push(place);
    this.#operandNumbers.set(name, number);
    return number;
  }

  /**
   * The finished operands, without those that turned out to be unused. Ranges of arenas are widened to aligned starts, and those that then touch each
   * other become one operand, since no two bindings of a dispatch may overlap; `moved` says where each operand went.
   */
  finishOperands(used: UsedOperands): {
    readonly operands: readonly Operand[];
    readonly locations: readonly Location[];
    readonly moved: readonly { readonly operand: number; readonly shift: number }[];
  } {
    const spans = mergeSpans(this.#operands, used);
    const moved = this.#operands.map((place) => {
      const operand = spans.findIndex((span) => contains(span, place));
      const shift = place.kind === "arena" && operand >= 0 ? place.offset - at(spans, operand).start : 0;
      return { operand, shift };
    });
    return {
      operands: spans.map((span, index) => ({
        name: `operand${index}`,
        dtype: span.place.dtype,
        elements: span.end - span.start,
        access: span.writes ? (span.reads ? "update" : "write") : "read",
      })),
      locations: spans.map(({ place, start }) =>
        place.kind === "work"
          ? { kind: "work", value: place.unit.id }
          : { kind: "arena", arena: place.arena, offset: start },
      ),
      moved,
    };
  }

  /** `operands`: a number that is equal for equal operands. */
  #call(call: Call, operands: number): ExpressionId {
    let known = this.#calls.get(call.function);
    if (known === undefined) {
      known = new Map();
      this.#calls.set(call.function, known);
    }
    let id = known.get(operands);
    if (id === undefined) {
      id = this.expressions.push(call) - 1;
      known.set(operands, id);
    }
    return id;
  }

  #atomValue(atom: number): ExpressionId {
    const known = this.#dynamic.get(atom);
    if (known !== undefined) return known;
    const division = this.#space.division(atom);
    if (division === null) {
      const axis = this.#space.axes().indexOf(atom);
      invariant(axis >= 0, "an index names an axis that is no more");
      return this.expression({ op: "axis", dtype: "i32", axis });
    }
    const dividend = this.indexValue(division.dividend);
    const divisor = this.constant(division.divisor, "i32");
    return this.binary(
      division.kind === "quotient" ? "integer_divide" : "remainder",
      dividend,
      divisor,
      "i32",
    );
  }
}

interface Span {
  readonly place: Place;
  start: number;
  end: number;
  reads: boolean;
  writes: boolean;
}

function mergeSpans(operands: readonly Place[], { read, written }: UsedOperands): readonly Span[] {
  let spans: Span[] = [];
  for (const [number, place] of operands.entries()) {
    const [reads, writes] = [read.has(number), written.has(number)];
    if (!reads && !writes) continue;
    const first = place.kind === "arena" ? place.offset : 0;
    const start = first - (first % ALIGNED_ELEMENTS);
    const span: Span = { place, start, end: first + place.elements, reads, writes };
    const touching = spans.filter((other) => touch(other, span));
    for (const other of touching) {
      invariant(
        other.place.dtype === place.dtype,
        `an arena holds ${other.place.dtype} and ${place.dtype} side by side`,
      );
      span.start = Math.min(span.start, other.start);
      span.end = Math.max(span.end, other.end);
      span.reads ||= other.reads;
      span.writes ||= other.writes;
    }
    const position = touching[0] === undefined ? spans.length : spans.indexOf(touching[0]);
    spans = spans.filter((other) => !touching.includes(other));
    spans.splice(position, 0, span);
  }
  return spans;
}

function touch(a: Span, b: Span): boolean {
  if (a.place.kind !== "arena" || b.place.kind !== "arena" || a.place.arena !== b.place.arena) return false;
  // Bindings are rounded up to 16 bytes, which never reaches the next aligned start.
  return a.start < b.end && b.start < a.end;
}

function contains(span: Span, place: Place): boolean {
  if (place.kind === "work") return span.place.kind === "work" && span.place.unit === place.unit;
  if (span.place.kind !== "arena" || span.place.arena !== place.arena) return false;
  return span.start <= place.offset && place.offset + place.elements <= span.end;
}

function expressionKey(expression: Exclude<Expression, Call>): string {
  const { op, dtype } = expression;
  switch (expression.op) {
    case "constant":
      return `${op} ${dtype} ${Object.is(expression.value, -0) ? "-0" : expression.value}`;
    case "axis":
      return `${op} ${expression.axis}`;
    case "load": {
      const { operand, index, guard } = expression;
      const terms = index.terms.map(({ axis, stride }) => `${axis}*${stride}`).join("+");
      const dynamic = index.dynamic.map(({ value, stride }) => `${value}*${stride}`).join("+");
      return `${op} ${operand} ${index.offset}+${terms};${dynamic} ${guard}`;
    }
    case "power":
      return `${op} ${expression.base} ${expression.exponent}`;
    case "select":
      return `${op} ${expression.condition} ${expression.whenTrue} ${expression.whenFalse}`;
    case "cast":
      return `${op} ${dtype} ${expression.value}`;
    case "random":
      return `${expression.distribution} ${expression.site} ${expression.seed} ${expression.counter} ${expression.index}`;
    case "reduction":
      return `${op} ${expression.phase} ${expression.position}`;
    case "accumulator":
      return op;
  }
}
