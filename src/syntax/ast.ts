/**
 * The syntax tree. Every node carries its span; nothing here is resolved or typed.
 * `docs/language.md` is the reference for what each form means.
 */
import type { Source, Span } from "../diagnostics/source.ts";
import type { SelectionPath, TrainDecl } from "./ast-train.ts";

export interface Identifier {
  readonly name: string;
  readonly span: Span;
}

export interface File {
  readonly source: Source;
  readonly imports: readonly Import[];
  readonly declarations: readonly Declaration[];
  /** What has syntax errors: it is missing from the tree, or what the tree has of it may not be what was meant. */
  readonly unread: readonly Unread[];
}

/** A statement, or a declaration with those in its braces. */
export interface Unread {
  readonly span: Span;
  readonly isStatement: boolean;
}

export interface Import {
  /** `std.nn` or a quoted path relative to the importing file. */
  readonly path: string;
  readonly pathSpan: Span;
  readonly quoted: boolean;
  readonly names: readonly Identifier[];
  readonly span: Span;
}

export type Declaration =
  | InterfaceDecl
  | FunctionDecl
  | ModuleDecl
  | ModelDecl
  | VariantDecl
  | TrainDecl
  | WeightsDecl;

export interface Documented {
  /** Text of the `///` lines above, without the slashes; empty when there are none. */
  readonly doc: string;
  readonly span: Span;
}

/** `interface Penalty(…) { (x: …) -> (bound: f32, fit: f32) }` */
export interface InterfaceDecl extends Documented {
  readonly kind: "interface";
  readonly name: Identifier;
  readonly parameters: readonly Parameter[];
  readonly methods: readonly MethodSignature[];
}

/** `function softmax(x: f32[.., N]) -> f32[.., N] { … return y }`: a method without parameters of its own to train. */
export interface FunctionDecl extends Documented {
  readonly kind: "function";
  readonly name: Identifier;
  readonly signature: MethodSignature;
  readonly body: readonly Statement[];
  readonly result: Return;
}

/** `module Linear(out: size, bias: flag = true) implements I { … }` */
export interface ModuleDecl extends Documented {
  readonly kind: "module";
  readonly name: Identifier;
  readonly parameters: readonly Parameter[];
  readonly implements: Identifier | null;
  /** Statements shared by all methods, in source order. */
  readonly body: readonly Statement[];
  readonly methods: readonly Method[];
}

/** `out: size`, `rate: number = 0.1`, `bias: flag = true`, `activation: Activation = Relu()` */
export interface Parameter {
  readonly name: Identifier;
  readonly type: StaticType;
  readonly default: Expression | null;
  readonly span: Span;
}

/** Types of values known at compile time: `size`, `number`, `flag`, or a module that implements an interface. */
export type StaticType =
  | { readonly kind: "size" | "number" | "flag"; readonly span: Span }
  | { readonly kind: "interface"; readonly name: Identifier; readonly span: Span };

export interface MethodSignature extends Documented {
  /** Null for the unnamed method, which is called as `instance(…)`. */
  readonly name: Identifier | null;
  readonly arguments: readonly Argument[];
  /** Null where it is left to inference (modules and functions only). */
  readonly result: ResultType | null;
}

export interface Argument {
  readonly name: Identifier;
  readonly type: TensorTypeExpr | StaticType;
  readonly default: Expression | null;
  readonly span: Span;
}

export type ResultType =
  | { readonly kind: "tensor"; readonly type: TensorTypeExpr; readonly span: Span }
  | {
      readonly kind: "record";
      readonly fields: readonly { readonly name: Identifier; readonly type: TensorTypeExpr }[];
      readonly span: Span;
    };

export interface Method extends Documented {
  readonly signature: MethodSignature;
  readonly body: readonly Statement[];
  readonly result: Return;
}

/** `return e` gives one value; `return a, b` (names of this scope) and `return a = e, b = f` give a record with those fields. */
export interface Return {
  readonly kind: "single" | "record";
  readonly values: readonly Expression[];
  /** The names that are written before `=`. */
  readonly names: readonly (Identifier | null)[];
  readonly span: Span;
}

/** `f32[B, T~, D]`, `ids[B, L~] < V`, `class[B] < C`, `bool[B]`, `f32` */
export interface TensorTypeExpr {
  readonly kind: "tensor";
  readonly element: "f32" | "ids" | "class" | "bool";
  readonly axes: readonly AxisExpr[];
  /** The exclusive upper bound of `ids` and `class`. */
  readonly bound: Expression | null;
  readonly span: Span;
}

export type AxisExpr =
  /** `..`: any number of axes. */
  | { readonly kind: "rest"; readonly span: Span }
  | { readonly kind: "axis"; readonly size: Expression; readonly ragged: boolean; readonly span: Span };

export type Statement =
  /** `param weight : f32[out, D] = uniform(-a, a)` */
  | {
      readonly kind: "param";
      readonly doc: string;
      readonly name: Identifier;
      readonly type: TensorTypeExpr;
      readonly init: Expression | null;
      readonly span: Span;
    }
  /** `state mean : f32[D] = 0`: numbers that training keeps without a gradient. */
  | {
      readonly kind: "state";
      readonly doc: string;
      readonly name: Identifier;
      readonly type: TensorTypeExpr;
      readonly init: Expression | null;
      readonly span: Span;
    }
  /** `update mean = 0.9 * mean + 0.1 * batch_mean`: what a state holds after the phase that updates it. */
  | {
      readonly kind: "update";
      readonly doc: string;
      readonly target: Identifier;
      readonly value: Expression;
      readonly span: Span;
    }
  /** `h = Linear(64)(x)` */
  | {
      readonly kind: "let";
      readonly doc: string;
      readonly name: Identifier;
      readonly value: Expression;
      readonly span: Span;
    };

/** A statement that defines a name. */
export type Definition = Exclude<Statement, { kind: "update" }>;

/** `model Mird { … }` */
export interface ModelDecl extends Documented {
  readonly kind: "model";
  readonly name: Identifier;
  readonly members: readonly ModelMember[];
}

export type ModelMember =
  | Statement
  | {
      readonly kind: "size";
      readonly doc: string;
      readonly name: Identifier;
      readonly default: Expression | null;
      readonly span: Span;
    }
  | {
      readonly kind: "number";
      readonly doc: string;
      readonly name: Identifier;
      readonly default: Expression;
      readonly span: Span;
    }
  | {
      readonly kind: "flag";
      readonly doc: string;
      readonly name: Identifier;
      readonly default: Expression;
      readonly span: Span;
    }
  | {
      readonly kind: "input" | "label";
      readonly doc: string;
      readonly name: Identifier;
      readonly type: TensorTypeExpr;
      readonly span: Span;
    }
  | {
      readonly kind: "slot";
      readonly doc: string;
      readonly name: Identifier;
      readonly interface: Identifier;
      readonly default: Expression | null;
      readonly span: Span;
    }
  | {
      readonly kind: "loss";
      readonly doc: string;
      readonly name: Identifier;
      readonly value: Expression;
      readonly span: Span;
    }
  /** `output y_hat predicts y` or `output z_y, z_l` */
  | {
      readonly kind: "output";
      readonly doc: string;
      readonly names: readonly Identifier[];
      readonly predicts: Identifier | null;
      readonly span: Span;
    };

/** What a variant may add to its model. */
export type AddedMember = Extract<ModelMember, { kind: "size" | "number" | "flag" | "slot" | "loss" }>;

/** `model Misa = Mird with { penalty = Orthogonal(), size width = 8, joint = Narrow(width) }` */
export interface VariantDecl extends Documented {
  readonly kind: "variant";
  readonly name: Identifier;
  readonly base: Identifier;
  readonly overrides: readonly {
    readonly name: Identifier;
    readonly value: Expression;
    readonly span: Span;
  }[];
  readonly additions: readonly AddedMember[];
}

/** `weights HuggingfaceBert for Bert { … }`: the parameters of a module by the names that public checkpoints have for them. */
export interface WeightsDecl extends Documented {
  readonly kind: "weights";
  readonly name: Identifier;
  readonly module: Identifier;
  readonly members: readonly WeightsMember[];
}

/** A text in quotes. */
export interface Quoted {
  readonly text: string;
  readonly span: Span;
}

export type WeightsMember =
  /** `config hidden_size = width`: a field of `config.json` and the setting of the module, or the text or number, that it must be. */
  | {
      readonly kind: "config";
      readonly field: Identifier;
      readonly value:
        | { readonly kind: "setting"; readonly name: Identifier }
        | { readonly kind: "fixed"; readonly value: string | number };
      readonly span: Span;
    }
  /** `prefix "bert."`: names may begin with it. */
  | { readonly kind: "prefix"; readonly prefix: Quoted; readonly span: Span }
  /** `"encoder.layer.{i-1}.weight" or "…" = blocks[i].weight`: the first name that the checkpoint has counts. */
  | {
      readonly kind: "tensor";
      readonly names: readonly Quoted[];
      readonly path: SelectionPath;
      readonly span: Span;
    };

export type BinaryOperator =
  | "+"
  | "-"
  | "*"
  | "/"
  | "^"
  | "=="
  | "!="
  | "<"
  | "<="
  | ">"
  | ">="
  | "and"
  | "or";

export type Expression =
  | { readonly kind: "number"; readonly value: number; readonly text: string; readonly span: Span }
  | { readonly kind: "flag"; readonly value: boolean; readonly span: Span }
  | { readonly kind: "name"; readonly name: string; readonly span: Span }
  | {
      readonly kind: "unary";
      readonly operator: "-" | "not";
      readonly operand: Expression;
      readonly span: Span;
    }
  | {
      readonly kind: "binary";
      readonly operator: BinaryOperator;
      readonly left: Expression;
      readonly right: Expression;
      readonly span: Span;
    }
  | Call
  | { readonly kind: "member"; readonly object: Expression; readonly member: Identifier; readonly span: Span }
  | { readonly kind: "list"; readonly items: readonly Expression[]; readonly span: Span }
  | Comprehension
  /** `1..layers`: the whole numbers from the first to the last, both included. */
  | { readonly kind: "range"; readonly from: Expression; readonly to: Expression; readonly span: Span }
  /** `if bias then a else b`: chosen at compile time. */
  | {
      readonly kind: "if";
      readonly condition: Expression;
      readonly then: Expression;
      readonly else: Expression;
      readonly span: Span;
    };

export interface Call {
  readonly kind: "call";
  readonly callee: Expression;
  readonly arguments: readonly CallArgument[];
  readonly span: Span;
}

export interface CallArgument {
  readonly name: Identifier | null;
  readonly value: Expression;
  readonly span: Span;
}

/** `[body for a, b in pairs(x, y, z)]`, or without brackets as the only argument of a call: `sum(e.bound for e in estimators)`. */
export interface Comprehension {
  readonly kind: "comprehension";
  readonly body: Expression;
  readonly variables: readonly Identifier[];
  readonly iterable: Expression;
  readonly span: Span;
}
