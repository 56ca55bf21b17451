/**
 * Symbolic sizes. A size is a polynomial with whole coefficients over symbols (`B`, `hidden`) and exact quotients (`width / heads`),
 * kept in a normal form, so that two sizes are the same exactly when their keys are equal. A symbol is one name in one
 * scope; two scopes that both say `D` have two symbols.
 */
import { CompilerBug } from "../base/invariant.ts";
import type { Span } from "../diagnostics/source.ts";

export interface SizeSymbol {
  readonly id: number;
  readonly name: string;
  /** Where it was introduced; null for symbols that the compiler makes. */
  readonly span: Span | null;
  /** For a name that `rename` gave: what has the same places under its old name. */
  readonly renamed: Dim | null;
}

type Atom =
  | { readonly kind: "symbol"; readonly symbol: SizeSymbol; readonly key: string }
  | { readonly kind: "quotient"; readonly numerator: Dim; readonly denominator: Dim; readonly key: string };

interface Term {
  readonly coefficient: number;
  /** Sorted by key, with repetition for powers. */
  readonly atoms: readonly Atom[];
  readonly key: string;
}

/** A size in normal form: terms sorted by key, no zero coefficients. */
export interface Dim {
  readonly terms: readonly Term[];
  /** Equal keys mean equal sizes. */
  readonly key: string;
}

let nextSymbol = 0;

export function makeSymbol(name: string, span: Span | null, renamed: Dim | null = null): SizeSymbol {
  return { id: nextSymbol++, name, span, renamed };
}

/** The size 0. */
const NOTHING: Dim = { terms: [], key: "" };

function makeTerm(coefficient: number, atoms: readonly Atom[]): Term {
  if (atoms.length < 2) return { coefficient, atoms, key: atoms[0]?.key ?? "" };
  const sorted = [...atoms].sort((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : 0));
  return { coefficient, atoms: sorted, key: sorted.map((atom) => atom.key).join("*") };
}

function makeDim(terms: readonly Term[]): Dim {
  const [only] = terms;
  if (only === undefined) return NOTHING;
  // Most sizes are one symbol or one number.
  if (terms.length === 1 && only.coefficient !== 0) return { terms, key: `${only.coefficient}:${only.key}` };
  const merged = new Map<string, Term>();
  for (const term of terms) {
    const held = merged.get(term.key);
    merged.set(term.key, held ? { ...held, coefficient: held.coefficient + term.coefficient } : term);
  }
  const kept = [...merged.values()]
    .filter((term) => term.coefficient !== 0)
    .sort((a, b) => (a.key < b.key ? -1 : 1));
  return { terms: kept, key: kept.map((term) => `${term.coefficient}:${term.key}`).join("+") };
}

export function dimNumber(value: number): Dim {
  return makeDim([makeTerm(value, [])]);
}

export function dimSymbol(symbol: SizeSymbol): Dim {
  return makeDim([makeTerm(1, [{ kind: "symbol", symbol, key: `s${symbol.id}` }])]);
}

export function dimAdd(a: Dim, b: Dim): Dim {
  const sum = makeDim([...a.terms, ...b.terms]);
  // Three times n / 3 is n, however it comes together.
  const quotients = sum.terms.some(({ atoms }) => atoms.some(({ kind }) => kind === "quotient"));
  return quotients
    ? makeDim(sum.terms.flatMap(({ coefficient, atoms }) => cancelQuotients(coefficient, atoms).terms))
    : sum;
}

export function dimSubtract(a: Dim, b: Dim): Dim {
  return dimAdd(a, makeDim(b.terms.map((term) => ({ ...term, coefficient: -term.coefficient }))));
}

export function dimMultiply(a: Dim, b: Dim): Dim {
  let result = makeDim([]);
  for (const left of a.terms)
    for (const right of b.terms)
      result = dimAdd(
        result,
        cancelQuotients(left.coefficient * right.coefficient, [...left.atoms, ...right.atoms]),
      );
  return result;
}

/** Rewrites (n / d) * d to n wherever the divisor stands among the other factors. */
function cancelQuotients(coefficient: number, atoms: readonly Atom[]): Dim {
  for (const [index, atom] of atoms.entries()) {
    if (atom.kind !== "quotient") continue;
    const divisor = atom.denominator.terms[0];
    if (atom.denominator.terms.length !== 1 || divisor === undefined) continue;
    const others = atoms.filter((_, other) => other !== index);
    const left = removeAtoms(others, divisor.atoms);
    if (left === null || coefficient % divisor.coefficient !== 0) continue;
    return dimMultiply(makeDim([makeTerm(coefficient / divisor.coefficient, left)]), atom.numerator);
  }
  return makeDim([makeTerm(coefficient, atoms)]);
}

function removeAtoms(from: readonly Atom[], remove: readonly Atom[]): Atom[] | null {
  const left = [...from];
  for (const atom of remove) {
    const index = left.findIndex((candidate) => candidate.key === atom.key);
    if (index < 0) return null;
    left.splice(index, 1);
  }
  return left;
}

/** Exact quotient: simplified where the divisor is a factor of every term, otherwise kept and checked when sizes are known. */
export function dimDivide(a: Dim, b: Dim): Dim {
  if (a.key === b.key) return dimNumber(1);
  const divisor = b.terms[0];
  if (b.terms.length === 1 && divisor !== undefined) {
    const terms: Term[] = [];
    for (const term of a.terms) {
      const left = removeAtoms(term.atoms, divisor.atoms);
      if (left === null || term.coefficient % divisor.coefficient !== 0) break;
      terms.push(makeTerm(term.coefficient / divisor.coefficient, left));
    }
    if (terms.length === a.terms.length) return makeDim(terms);
  }
  return makeDim([
    makeTerm(1, [{ kind: "quotient", numerator: a, denominator: b, key: `(${a.key}/${b.key})` }]),
  ]);
}

export function dimsEqual(a: Dim, b: Dim): boolean {
  return a.key === b.key;
}

/** The number, when the size has no symbols. */
export function dimConstant(dim: Dim): number | null {
  if (dim.terms.length === 0) return 0;
  const only = dim.terms[0];
  return dim.terms.length === 1 && only !== undefined && only.atoms.length === 0 ? only.coefficient : null;
}

/** The symbol, when the size is just a symbol. */
export function dimAsSymbol(dim: Dim): SizeSymbol | null {
  const only = dim.terms[0];
  const atom = only?.atoms[0];
  if (dim.terms.length !== 1 || only?.coefficient !== 1 || only.atoms.length !== 1) return null;
  return atom?.kind === "symbol" ? atom.symbol : null;
}

/** The size under the name that it had before any `rename`. */
export function beforeRenames(dim: Dim): Dim {
  const renamed = dimAsSymbol(dim)?.renamed ?? null;
  return renamed === null ? dim : beforeRenames(renamed);
}

/** Every symbol that the size mentions. */
export function dimSymbols(dim: Dim): SizeSymbol[] {
  const found = new Map<number, SizeSymbol>();
  const visit = (part: Dim): void => {
    for (const term of part.terms)
      for (const atom of term.atoms) {
        if (atom.kind === "symbol") found.set(atom.symbol.id, atom.symbol);
        else {
          visit(atom.numerator);
          visit(atom.denominator);
        }
      }
  };
  visit(dim);
  return [...found.values()];
}

/** Replaces symbols; those without an entry stay. */
export function dimSubstitute(dim: Dim, values: (symbol: SizeSymbol) => Dim | null): Dim {
  // Most sizes are one symbol or one number.
  const only = dimAsSymbol(dim);
  if (only !== null) return values(only) ?? dim;
  if (dimConstant(dim) !== null) return dim;
  let result = makeDim([]);
  for (const term of dim.terms) {
    let product = dimNumber(term.coefficient);
    for (const atom of term.atoms) {
      const factor =
        atom.kind === "symbol"
          ? (values(atom.symbol) ?? makeDim([makeTerm(1, [atom])]))
          : dimDivide(dimSubstitute(atom.numerator, values), dimSubstitute(atom.denominator, values));
      product = dimMultiply(product, factor);
    }
    result = dimAdd(result, product);
  }
  return result;
}

/** Why a size has no usable value. */
export type DimFailure =
  | { readonly kind: "unbound"; readonly symbol: SizeSymbol }
  | { readonly kind: "inexact"; readonly numerator: number; readonly denominator: number };

/** The number that a size stands for, or why there is none. */
export function dimEvaluate(dim: Dim, values: (symbol: SizeSymbol) => number | null): number | DimFailure {
  let total = 0;
  for (const term of dim.terms) {
    let product = term.coefficient;
    for (const atom of term.atoms) {
      if (atom.kind === "symbol") {
        const value = values(atom.symbol);
        if (value === null) return { kind: "unbound", symbol: atom.symbol };
        product *= value;
      } else {
        const numerator = dimEvaluate(atom.numerator, values);
        if (typeof numerator !== "number") return numerator;
        const denominator = dimEvaluate(atom.denominator, values);
        if (typeof denominator !== "number") return denominator;
        if (denominator === 0 || numerator % denominator !== 0)
          return { kind: "inexact", numerator, denominator };
        product *= numerator / denominator;
      }
    }
    total += product;
  }
  if (!Number.isSafeInteger(total)) throw new CompilerBug(`size ${formatDim(dim)} evaluates to ${total}`);
  return total;
}

/** As a person would write it: `4 * H`, `width / heads`, `Da + 1`. */
export function formatDim(dim: Dim): string {
  if (dim.terms.length === 0) return "0";
  return dim.terms
    .map((term, index) => {
      const factors = term.atoms.map((atom) =>
        atom.kind === "symbol" ? atom.symbol.name : `${wrap(atom.numerator)} / ${wrap(atom.denominator)}`,
      );
      const size = Math.abs(term.coefficient);
      if (size !== 1 || factors.length === 0) factors.unshift(String(size));
      const sign = term.coefficient < 0 ? (index === 0 ? "-" : " - ") : index === 0 ? "" : " + ";
      return sign + factors.join(" * ");
    })
    .join("");
}

function wrap(dim: Dim): string {
  const text = formatDim(dim);
  return dim.terms.length > 1 ? `(${text})` : text;
}
