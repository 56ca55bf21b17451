/** Values that several passes over a row need and that take long to compute: computed in the first of these passes and kept in scratch memory for the others. */
import { at } from "../../base/invariant.ts";
import type { Expression, ExpressionId, Index, LoopKernel, Store } from "../../ir/kernel.ts";
import { expressionOperands, reachableExpressions, renumberOperands } from "../../ir/kernel-walk.ts";
import { directAxes } from "../dependence.ts";
import { expressionCost } from "./lanes.ts";
import type { Pass } from "./passes.ts";
import { passRoots } from "./passes.ts";

export interface KeptRows {
  /** Its last operands are the kept rows, its last expressions what reads them and what is computed from that. */
  readonly kernel: LoopKernel;
  readonly passes: readonly Pass[];
  /** Elements of each kept row. */
  readonly keptRows: readonly number[];
}

/** What costs less is computed again. */
const WORTH_KEEPING = 12;
/** Longer rows leave the first cache. */
const LONGEST_ROW = 8192;
const MOST_ROWS = 4;

/** Chooses values and rewrites the passes that read them. */
export function keepRows(kernel: LoopKernel, passes: readonly Pass[]): KeptRows {
  const elements = kernel.reduce.reduce((product, { extent }) => product * extent, 1);
  const chosen = elements <= LONGEST_ROW ? choose(kernel, passes) : [];
  if (chosen.length === 0) return { kernel, passes, keptRows: [] };
  const rows = new Map(chosen.map((id, order) => [id, kernel.operands.length + order]));
  const rewriter = new Rewriter(kernel, rows);
  return {
    passes: passes.map((pass) => rewriter.pass(pass)),
    kernel: {
      ...kernel,
      operands: [
        ...kernel.operands,
        ...chosen.map((id) => {
          const { dtype } = at(kernel.expressions, id);
          return { name: `row of ${id}`, dtype, elements, access: "update" as const };
        }),
      ],
      expressions: rewriter.expressions,
    },
    keptRows: chosen.map(() => elements),
  };
}

/** The uppermost costly expressions that differ between points and that several passes evaluate. */
function choose(kernel: LoopKernel, passes: readonly Pass[]): readonly ExpressionId[] {
  const { expressions } = kernel;
  const perPoint: boolean[] = [];
  for (const expression of expressions)
    perPoint.push(
      directAxes(expression).some((axis) => axis >= kernel.parallel.length) ||
        expressionOperands(expression).some((id) => at(perPoint, id)),
    );
  const uses = new Map<ExpressionId, number>();
  for (const pass of passes)
    if (pass.over === "points")
      for (const id of reachableExpressions(expressions, passRoots(pass)))
        uses.set(id, (uses.get(id) ?? 0) + 1);
  const candidates = [...uses]
    .filter(([id, count]) => {
      return count > 1 && at(perPoint, id) && expressionCost(at(expressions, id)) >= WORTH_KEEPING;
    })
    .map(([id]) => id)
    .sort((a, b) => b - a);
  const chosen: ExpressionId[] = [];
  for (const id of candidates) {
    const covered = chosen.some((above) => reachableExpressions(expressions, [above]).includes(id));
    if (!covered && chosen.length < MOST_ROWS) chosen.push(id);
  }
  return chosen;
}

class Rewriter {
  readonly expressions: Expression[];
  readonly #kernel: LoopKernel;
  readonly #rows: ReadonlyMap<ExpressionId, number>;
  /** Reads of rows that earlier passes have written, and what was computed from them. */
  readonly #replaced = new Map<ExpressionId, ExpressionId>();
  readonly #written = new Set<ExpressionId>();
  readonly #place: Index;

  constructor(kernel: LoopKernel, rows: ReadonlyMap<ExpressionId, number>) {
    this.#kernel = kernel;
    this.#rows = rows;
    this.expressions = [...kernel.expressions];
    let stride = 1;
    const terms = kernel.reduce
      .map(({ extent }, position) => ({ axis: kernel.parallel.length + position, extent }))
      .reverse()
      .map(({ axis, extent }) => {
        const term = { axis, stride };
        stride *= extent;
        return term;
      });
    this.#place = { offset: 0, terms, dynamic: [] };
  }

  pass(pass: Pass): Pass {
    if (pass.over === "row") return pass;
    const reached = reachableExpressions(this.#kernel.expressions, passRoots(pass));
    const fresh = [...this.#rows].filter(([id]) => reached.includes(id) && !this.#written.has(id));
    const reductions = pass.reductions.map(({ reducer, value }) => ({ reducer, value: this.#value(value) }));
    const stores = pass.stores.map((store) => ({ ...store, value: this.#value(store.value) }));
    const rows = fresh.map(
      ([id, operand]): Store => ({ operand, index: this.#place, value: this.#value(id) }),
    );
    for (const [id] of fresh) this.#written.add(id);
    if (fresh.length > 0) this.#replaced.clear();
    return { ...pass, reductions, stores: [...rows, ...stores] };
  }

  /** The expression that stands for another one in this pass. */
  #value(id: ExpressionId): ExpressionId {
    const known = this.#replaced.get(id);
    if (known !== undefined) return known;
    const expression = at(this.#kernel.expressions, id);
    const operand = this.#rows.get(id);
    const written = operand !== undefined && this.#written.has(id);
    const { dtype } = expression;
    const replacement: Expression = written
      ? { op: "load", dtype, operand, index: this.#place, guard: null }
      : withOperands(expression, (old) => this.#value(old));
    const number = replacement === expression ? id : this.expressions.push(replacement) - 1;
    this.#replaced.set(id, number);
    return number;
  }
}

/** An expression with other operands; itself when they are the same. */
function withOperands(expression: Expression, change: (id: ExpressionId) => ExpressionId): Expression {
  if (expressionOperands(expression).every((id) => change(id) === id)) return expression;
  if (expression.op !== "load") return renumberOperands(expression, change);
  const { index, guard } = expression;
  const dynamic = index.dynamic.map((term) => ({ ...term, value: change(term.value) }));
  return { ...expression, index: { ...index, dynamic }, guard: guard === null ? null : change(guard) };
}
